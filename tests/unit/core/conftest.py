"""What the tests of the core share: services as records, a clock that stands still, a ledger in memory."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from statuette.core.assembly import Plugs
from statuette.core.calls import CallBoard
from statuette.core.catalog import Catalog, Condition
from statuette.core.commits import CommitMarks
from statuette.core.deployment import feeds_of
from statuette.core.roster import Hints, Roster, Seat
from statuette.events.event import Event, EventKind
from statuette.events.jobs import NewJob, Outcome
from statuette.events.keys import new_job_id
from statuette.events.leases import Manifest, ManifestEntry, Report
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.events.principals import ADMIN_ID, Principal, PrincipalKind
from statuette.ports.backend import Runner
from statuette.ports.errors import NotFound, StoreUnavailable
from statuette.ports.intake import Arrival
from statuette.ports.services import Readiness, ServiceRecord
from statuette.ports.supervision import Supervision
from statuette.ports.work import PUBLISHER, Assignment, Work
from statuette.spec import load_service
from statuette.testing.backend import PlainBackend
from statuette.testing.bodies import MemoryBodies
from statuette.testing.clock import VirtualClock
from statuette.testing.ledger import MemoryLedger
from statuette.testing.logs import MemoryLogs
from statuette.testing.store import MemoryStore

KEY = bytes(range(32))


def make_record(name="cat", *, inputs=(), outputs=(), owner=ADMIN_ID, since=0, secrets=None, **fields) -> ServiceRecord:
    """A deployed service; inputs and outputs are paths, or whole entries."""

    def places(paths):
        return [{"storage_provider": "minio", **(p if isinstance(p, dict) else {"path": p})} for p in paths]

    definition = {"name": name, "image": "host", "script": "true", **fields}
    definition |= {"input": places(inputs), "output": places(outputs)}
    service = load_service(definition)
    incarnation = f"life-of-{name}"
    return ServiceRecord(
        definition=service,
        incarnation=incarnation,
        revision=1,
        token=f"token-of-{name}",
        owner=owner,
        created=0.0,
        updated=0.0,
        feeds=feeds_of(service, incarnation, since=since),
        secrets=secrets or {},
    )


def make_ref(bucket: str, key: str, *, etag="e1", modified=1000, size=3, version_id="") -> ObjectRef:
    version = ObjectVersion(etag=etag, size=size, modified=modified, version_id=version_id)
    return ObjectRef(bucket=bucket, key=key, version=version)


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


class Hands(Supervision):
    """A supervisor without folders and processes: `script` makes the outputs of a piece of work, which are published.

    While `gate` is closed every script hangs. `begun` and `done` say whose work was taken and worked off by which
    runner, `sealed` holds the outputs, for uploads that are taken up again.
    """

    def __init__(self, work: Work, store: MemoryStore) -> None:
        self.script: Callable[[Assignment], dict[str, bytes]] = lambda _: {"out.txt": b"result"}
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun: list[tuple[str, str]] = []
        self.done: list[tuple[str, str]] = []
        self.sealed: dict[str, dict[str, bytes]] = {}
        self._work = work
        self._store = store

    async def serve(self, runner: Runner) -> bool:
        while assignments := await self._work.lease(runner.id):
            for assignment in assignments:
                await self._attempt(assignment)
        return True

    async def publish(self) -> None:
        """Go on with uploads for ever."""
        while assignments := await self._work.lease(PUBLISHER):
            for assignment in assignments:
                await self._upload(assignment, assignment.resume.manifest, self.sealed[assignment.lease.job])

    async def _attempt(self, assignment: Assignment) -> None:
        lease = assignment.lease
        self.begun.append((assignment.service, lease.runner))
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            await self._work.report(lease, Report(outcome=Outcome.RETURNED, reason="the platform ended"))
            raise
        outputs = self.script(assignment)
        self.done.append((assignment.service, lease.runner))
        entries = [ManifestEntry(name=name, size=len(data), sha256="0" * 64) for name, data in outputs.items()]
        await self._upload(assignment, Manifest(entries=tuple(entries)), outputs)

    async def _upload(self, assignment: Assignment, manifest: Manifest, outputs: dict[str, bytes]) -> None:
        self.sealed[assignment.lease.job] = outputs
        page = await self._work.commit(assignment.lease, manifest)
        try:
            for upload in page.uploads:
                data = outputs[upload.name]
                await self._store.objects.put(upload.target, io.BytesIO(data), size=len(data), metadata=upload.metadata)
        except StoreUnavailable as fault:
            return await self._work.report(assignment.lease, Report(outcome=Outcome.UNPUBLISHED, reason=str(fault)))
        return await self._work.report(assignment.lease, Report(outcome=Outcome.PUBLISHED, exit_code=0))


@pytest.fixture
def hands(store) -> Callable[[Work], Hands]:
    return lambda work: Hands(work, store)


async def until(true: Callable[[], object]) -> None:
    """Let everybody run until something is so; no time passes."""
    for _ in range(20_000):
        if true():
            return
        await asyncio.sleep(0)
    pytest.fail("it never came to that")


@pytest.fixture(name="until")
def until_fixture() -> Callable[[Callable[[], object]], Awaitable[None]]:
    return until


@pytest.fixture
def record() -> Callable[..., ServiceRecord]:
    return make_record


@pytest.fixture
def ref() -> Callable[..., ObjectRef]:
    return make_ref


@pytest.fixture
def body() -> Callable[..., AsyncIterator[bytes]]:
    return chunks


@pytest.fixture
def user() -> Callable[[str], Principal]:
    return lambda name: Principal(id=name, kind=PrincipalKind.USER, name=name)


@pytest.fixture
def token_of() -> Callable[[str], Principal]:
    return lambda service: Principal(id=service, kind=PrincipalKind.SERVICE)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(auto=False)


@pytest.fixture
def ledger(clock) -> MemoryLedger:
    return MemoryLedger(clock)


@pytest.fixture
def store(clock) -> MemoryStore:
    """A store whose clock is the platform's."""
    return MemoryStore(clock=lambda: int(clock.wall() * 10**9))


@pytest.fixture
def put(store) -> Callable[..., Awaitable[ObjectVersion]]:
    """Write an object, with its bucket."""

    async def write(bucket: str, key: str, data: bytes = b"x", **metadata: str) -> ObjectVersion:
        await store.buckets.create(bucket)
        named = {name.replace("_", "-"): value for name, value in metadata.items()}
        target = ObjectRef(bucket=bucket, key=key)
        await store.objects.put(target, io.BytesIO(data), size=len(data), metadata=named)
        return (await store.objects.head(target)).version

    return write


@pytest.fixture
def settle() -> Callable[[], Awaitable[None]]:
    """Let everybody run until nothing moves any more (no time passes)."""

    async def turns() -> None:
        for _ in range(60):
            await asyncio.sleep(0)

    return turns


@pytest.fixture
def bodies(tmp_path) -> MemoryBodies:
    (tmp_path / "bodies").mkdir()
    return MemoryBodies(tmp_path / "bodies")


@pytest.fixture
def heard() -> Callable[..., Awaitable[bytes | None]]:
    """What a job's first attempt said; None where no log is."""

    async def read(logs, service: str, job: str) -> bytes | None:
        try:
            return b"".join([part async for part in logs.read(service, job, 1, timestamps=False, follow=False)])
        except NotFound:
            return None

    return read


@pytest.fixture
def marks() -> CommitMarks:
    return CommitMarks(KEY)


@pytest.fixture
def catalog() -> Catalog:
    return Catalog()


@pytest.fixture
def board() -> CallBoard:
    return CallBoard(limit=3)


@pytest.fixture
def roster() -> Roster:
    return Roster(Hints())


@pytest.fixture
def deploy(catalog) -> Callable[..., ServiceRecord]:
    """Put a service into the catalog, ready to run."""

    def put(*args, readiness=Readiness.READY, **fields) -> ServiceRecord:
        made = make_record(*args, **fields)
        catalog.put(made)
        catalog.set_condition(made, Condition(readiness))
        return made

    return put


@pytest.fixture
def sit(roster) -> Callable[..., Seat]:
    """Put a runner of a service into the roster."""

    def seat(service: ServiceRecord, runner="r1") -> Seat:
        made = Seat(id=runner, record=service, cpu=200, memory=256 * 2**20)
        roster.sit(made)
        return made

    return seat


@pytest.fixture
def queue_job(ledger) -> Callable:
    """Accept one job into the ledger; returns its id."""

    async def accept(service: ServiceRecord, *, principal=ADMIN_ID, payload=b"x", hops=0, **fields) -> str:
        job = NewJob(
            id=new_job_id(service.name),
            key="",
            service=service.name,
            incarnation=service.incarnation,
            event=Event(kind=EventKind.RAW, payload=payload, principal=principal, hops=hops),
            principal=principal,
        )
        job = replace(job, key=f"id:{job.id}", **fields)
        [acceptance] = await ledger.intake.accept([Arrival(job=job)])
        return acceptance.job

    return accept


@pytest.fixture
def plugs_of(ledger, store, clock, bodies) -> Callable[..., Plugs]:
    """All twins joined; any can be another."""

    def join(**other) -> Plugs:
        twins = {
            "intake": ledger.intake, "queue": ledger.queue, "jobs": ledger.jobs, "services": ledger.services,
            "interventions": ledger.interventions, "vault": ledger.vault, "objects": store.objects,
            "buckets": store.buckets, "events": store.events, "keys": store.keys, "backend": PlainBackend(),
            "logs": MemoryLogs(clock), "bodies": bodies, "clock": clock,
            "store_state": lambda: {"state": "twin"}, "free_bytes": lambda: 1 << 40,
        }  # fmt: skip
        return Plugs(**(twins | other))

    return join
