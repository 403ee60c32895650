"""What the tests of the core share: services as records, a clock that stands still, a ledger in memory."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from statuette.core.calls import CallBoard
from statuette.core.catalog import Catalog, Condition
from statuette.core.commits import CommitMarks
from statuette.core.deployment import feeds_of
from statuette.core.roster import Hints, Roster, Seat
from statuette.events.event import Event, EventKind
from statuette.events.jobs import NewJob
from statuette.events.keys import new_job_id
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.events.principals import ADMIN_ID, Principal, PrincipalKind
from statuette.ports.intake import Arrival
from statuette.ports.services import Readiness, ServiceRecord
from statuette.spec import load_service
from statuette.testing.bodies import MemoryBodies
from statuette.testing.clock import VirtualClock
from statuette.testing.ledger import MemoryLedger
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
        return await store.objects.put(target, io.BytesIO(data), size=len(data), metadata=named)

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

    async def accept(service: ServiceRecord, *, principal=ADMIN_ID, payload=b"x", **fields) -> str:
        job = NewJob(
            id=new_job_id(service.name),
            key="",
            service=service.name,
            incarnation=service.incarnation,
            event=Event(kind=EventKind.RAW, payload=payload, principal=principal),
            principal=principal,
        )
        job = replace(job, key=f"id:{job.id}", **fields)
        [acceptance] = await ledger.intake.accept([Arrival(job=job)])
        return acceptance.job

    return accept
