"""What the suite of the doors runs against: the applications in process over a small core, or a server somewhere.

The core here is a fake in everything but the scripts: those really run, in `sh`, so that the same services give the
same answers here and at a real server (`STATUETTE_DOORS_URL`, with `STATUETTE_DOORS_PASSWORD` for the user `oscar`).
"""

import asyncio
import base64
import hashlib
import os
import secrets
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest

from statuette.adapters.identity_basic import AnyOf, BasicAdmin, ServiceTokens, digest_of
from statuette.api import create_app as create_api
from statuette.core import Answer, AnswerFile, JobDetails, Replayed, ServiceView, Settled, Submitted, SweepCount
from statuette.events.event import Event, EventKind
from statuette.events.jobs import DEAD_LETTERS, Attempt, Job, JobState, Outcome, Stage, Usage
from statuette.events.objects import ObjectRef
from statuette.gateway import create_app as create_gateway
from statuette.ports import errors
from statuette.ports.jobs import JobPage
from statuette.web import Limits, split

PASSWORD = secrets.token_hex(16)
LIMITS = Limits(definition=64 * 1024, job=256 * 1024, call=1024 * 1024)

SCRIPTS = {
    "words": 'printf "out "; cat "$INPUT_FILE_PATH"; echo "err" >&2',
    "onefile": 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/result.bin"; echo unseen',
    "twofiles": 'cd "$TMP_OUTPUT_DIR"; mkdir sub; cp "$INPUT_FILE_PATH" sub/a.txt; echo b > b.txt',
    "fails": 'echo "last words"; exit 3',
}


@dataclass
class FakeServices:
    wires: dict[str, dict[str, object]] = field(default_factory=dict)
    purged: list[str] = field(default_factory=list)

    async def create(self, caller, definition: Mapping[str, object]) -> None:
        fields = {key.lower(): value for key, value in definition.items()}
        wrong = [f"{name}: missing" for name in ("name", "image", "script") if not fields.get(name)]
        wrong += [f"{name}: not a string" for name, value in fields.items() if not isinstance(value, str)]
        if wrong:
            raise errors.BadInput("the definition is not valid", problems=wrong)
        if fields["name"] in self.wires:
            raise errors.Conflict(f"there is a service {fields['name']} already")
        self.wires[fields["name"]] = {**fields, "token": secrets.token_hex(32), "status": "ready"}

    async def update(self, caller, definition: Mapping[str, object]) -> None:
        self._known(str(definition.get("name")))
        self.wires[str(definition["name"])].update(definition)

    async def remove(self, caller, name: str, *, purge: bool = False) -> None:
        self._known(name)
        del self.wires[name]
        self.purged += [name] if purge else []

    def get(self, caller, name: str) -> ServiceView:
        return ServiceView(wire=self._known(name))

    def all(self, caller) -> list[ServiceView]:
        return [ServiceView(wire=wire) for wire in self.wires.values()]

    def holder(self, digest: str) -> str | None:
        return next((name for name, wire in self.wires.items() if digest_of(str(wire["token"])) == digest), None)

    def _known(self, name: str) -> dict[str, object]:
        if name not in self.wires:
            raise errors.NotFound(f"there is no service {name}")
        return self.wires[name]


def _decoded(data: bytes) -> bytes:
    try:
        return base64.b64decode(data)
    except ValueError as error:
        raise errors.BadInput("the body is neither JSON nor base64") from error


@dataclass
class Runs:
    """Scripts, really run; `raises` and `answer` make the next runs end otherwise."""

    folder: Path
    services: FakeServices
    raises: Exception | None = None
    answer: Answer | None = None
    killed: int = 0

    async def run(self, caller, service: str, body: AsyncIterator[bytes]) -> tuple[Path, int]:
        if self.raises is not None:
            raise self.raises
        script = str(self.services.get(caller, service).wire["script"])
        folder = self.folder / str(uuid.uuid4())
        (folder / "out").mkdir(parents=True)
        data = b"".join([chunk async for chunk in body])
        (folder / "input").write_bytes(data if data[:1] in b"{[" else _decoded(data))
        code = await self._sh(script, folder)
        return folder, code

    async def _sh(self, script: str, folder: Path) -> int:
        variables = {
            "INPUT_FILE_PATH": str(folder / "input"),
            "TMP_OUTPUT_DIR": str(folder / "out"),
            "PATH": os.environ["PATH"],
        }
        with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
            process = await asyncio.create_subprocess_exec("sh", "-c", script, env=variables, stdout=out, stderr=err)
        try:
            return await process.wait()
        except asyncio.CancelledError:
            self.killed += 1
            process.kill()
            await process.wait()
            raise


@dataclass
class FakeCalls:
    runs: Runs

    @asynccontextmanager
    async def call(self, caller, service: str, body: AsyncIterator[bytes], *, source_ip: str = ""):
        folder, code = await self.runs.run(caller, service, body)
        try:
            yield self.runs.answer or answer_of(folder, code)
        finally:
            shutil.rmtree(folder)


def answer_of(folder: Path, code: int) -> Answer:
    out = folder / "out"
    paths = sorted(path for path in out.rglob("*") if path.is_file())
    files = [AnswerFile(name=str(path.relative_to(out)), path=path, size=path.stat().st_size) for path in paths]
    return Answer(
        outcome=Outcome.SCRIPT_FAILED if code else Outcome.PUBLISHED,
        exit_code=code,
        reason="",
        storage_event=False,
        files=tuple(files),
        stdout=folder / "stdout",
        stderr=folder / "stderr",
    )


@dataclass
class FakeJobs:
    runs: Runs
    details: dict[str, JobDetails] = field(default_factory=dict)
    words: dict[str, bytes] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    async def submit(self, caller, service, body, *, idempotency_key="", source_ip="") -> Submitted:
        if idempotency_key in self.keys:
            return Submitted(jobs=(self.keys[idempotency_key],), new=False)
        folder, code = await self.runs.run(caller, service, body)
        job = f"{service}-{uuid.uuid4()}"
        self.words[job] = (folder / "stdout").read_bytes() + (folder / "stderr").read_bytes()
        self.details[job] = details_of(job, service, code, data=(folder / "input").read_bytes())
        if idempotency_key:
            self.keys[idempotency_key] = job
        return Submitted(jobs=(job,), new=True)

    async def page(
        self,
        caller,
        service,
        *,
        object="",  # noqa: A002
        states=frozenset(),
        after="",
        limit=None,
    ) -> JobPage:
        self.runs.services.get(caller, service)
        if after and after not in self.details:
            raise errors.BadInput("page: no such page")
        jobs = [found.job for found in self.details.values() if found.job.service == service]
        names = [f"{job.event.object.bucket}/{job.event.object.key}" for job in jobs]
        jobs = [job for job, name in zip(jobs, names, strict=True) if object in ("", name)]
        return JobPage(jobs=tuple(job for job in jobs if not states or job.state in states))

    async def describe(self, caller, service, job) -> JobDetails:
        found = self.details.get(job)
        if found is None or found.job.service != service:
            raise errors.NotFound
        return found

    async def log(self, caller, service, job, *, attempt=0, timestamps=False, follow=False) -> AsyncIterator[bytes]:
        await self.describe(caller, service, job)
        return self._lines(job, timestamps=timestamps)

    async def _lines(self, job: str, *, timestamps: bool) -> AsyncIterator[bytes]:
        for line in self.words[job].splitlines(keepends=True):
            yield b"2026-01-02T03:04:05.000000Z " + line if timestamps else line

    async def cancel(self, caller, service, job) -> None:
        found = (await self.describe(caller, service, job)).job
        raise errors.Conflict(f"{job} has ended already: it is {found.state}")

    async def remove(self, caller, service, job) -> None:
        await self.describe(caller, service, job)
        del self.details[job]

    async def clear(self, caller, service, *, everything=False) -> None:
        self.runs.services.get(caller, service)
        self.details = {
            name: found
            for name, found in self.details.items()
            if found.job.service != service or not (everything or found.job.state is JobState.PUBLISHED)
        }


@dataclass
class FakeLetters:
    """Runs nothing again: a job that is to is noted in `revived` and stands as queued."""

    jobs: FakeJobs
    revived: list[str] = field(default_factory=list)

    async def retry_one(self, caller, service, job) -> None:
        await self.jobs.describe(caller, service, job)
        if not self._revive(job):
            raise errors.Conflict(f"{job} is published; only failed, dead and cancelled jobs can be run again")

    async def retry(self, caller, service, jobs) -> Settled:
        return self._each(self._known(caller, service, jobs), self._revive)

    async def drop(self, caller, service, jobs) -> Settled:
        return self._each(self._known(caller, service, jobs), self._forget)

    def _known(self, caller, service, jobs) -> list[str]:
        self.jobs.runs.services.get(caller, service)
        found = {name: one.job for name, one in self.jobs.details.items() if one.job.service == service}
        return [name for name, job in found.items() if job.state in DEAD_LETTERS] if jobs is None else list(jobs)

    def _each(self, jobs: list[str], step) -> Settled:
        left = tuple(job for job in jobs if not step(job))
        return Settled(len(jobs) - len(left), left)

    def _revive(self, job: str) -> bool:
        if not self._is_dead(job):
            return False
        found = self.jobs.details[job]
        self.jobs.details[job] = replace(found, job=replace(found.job, state=JobState.QUEUED, exit_code=None))
        self.revived.append(job)
        return True

    def _forget(self, job: str) -> bool:
        return self._is_dead(job) and self.jobs.details.pop(job) is not None

    def _is_dead(self, job: str) -> bool:
        return job in self.jobs.details and self.jobs.details[job].job.state in DEAD_LETTERS


@dataclass
class FakeReplay:
    """Finds nothing; `asked` keeps what was wished."""

    services: FakeServices
    asked: list[dict[str, object]] = field(default_factory=list)

    async def run(
        self, caller, service, selection, *, idempotency_key="", after="", limit=0, dry_run=False
    ) -> Replayed:
        self.services.get(caller, service)
        self.asked.append({"selection": selection, "after": after, "limit": limit, "dry_run": dry_run})
        return Replayed(replay=idempotency_key or "made-up", unknown=selection.keys or ())


@dataclass
class FakeSweeping:
    services: FakeServices

    async def everything(self, caller) -> SweepCount:
        return SweepCount()

    async def service(self, caller, name) -> SweepCount:
        self.services.get(caller, name)
        return SweepCount()


def details_of(name: str, service: str, code: int, *, data: bytes) -> JobDetails:
    stages = {Stage.SEEN: 1700000000.25, Stage.LEASED: 1700000001.0, Stage.ENDED: 1700000002.0}
    ref = ObjectRef(bucket="in", key=hashlib.sha256(data).hexdigest())
    job = Job(
        id=name, key=name, sequence=1, service=service, incarnation="i", event=Event(kind=EventKind.RAW, object=ref),
        principal="cluster_admin", state=JobState.FAILED if code else JobState.PUBLISHED, accepted=time.time(),
        attempt=1, ended=time.time(), exit_code=code, stages=stages,
    )  # fmt: skip
    attempt = Attempt(
        job=name, number=1, runner="r1", leased=1.0, outcome=Outcome.SCRIPT_FAILED if code else Outcome.PUBLISHED,
        exit_code=code, stages=stages, usage=Usage(cpu_seconds=0.5, memory_peak=1024),
    )  # fmt: skip
    outputs = () if code else ((ObjectRef(bucket="out", key="result"), 3),)
    return JobDetails(job=job, attempts=(attempt,), outputs=outputs)


class FakePlatform:
    def info(self) -> dict[str, object]:
        return {"version": "1", "git_commit": "", "architecture": "amd64", "kubernetes_version": ""}

    async def config(self, caller) -> dict[str, object]:
        store = {"endpoint": "http://s", "verify": True, "access_key": "a", "secret_key": "b", "region": "r"}
        config = {"name": "oscar", "namespace": "", "oidc_groups": []}
        return {"config": config, "minio_provider": store, "allowed_image_repositories": []}

    async def status(self, caller) -> dict[str, object]:
        return {"cluster": {"nodes_count": 1}, "oscar": {}, "minio": {}}


@dataclass
class Door:
    """A way to the doors: `client` sends as the administrator, `anyone` with no credentials."""

    client: httpx.AsyncClient
    anyone: httpx.AsyncClient

    async def deploy(self, name: str, script: str = "words", **more: object) -> str:
        """Deploy a service of `SCRIPTS`; returns its token."""
        definition = {"name": name, "image": "host", "script": SCRIPTS[script], **more}
        answer = await self.client.post("/system/services", json=definition)
        assert answer.status_code == 201, answer.text
        read = await self.client.get(f"/system/services/{name}")
        return str(read.json()["token"])


@pytest.fixture
def runs(tmp_path) -> Runs:
    return Runs(folder=tmp_path, services=FakeServices())


@dataclass
class FakeCore:
    services: FakeServices
    submissions: FakeJobs
    calls: FakeCalls
    jobs: FakeJobs
    letters: FakeLetters
    replay: FakeReplay
    sweeping: FakeSweeping
    platform: FakePlatform


@pytest.fixture
def core(runs) -> FakeCore:
    jobs = FakeJobs(runs)
    return FakeCore(
        services=runs.services,
        submissions=jobs,
        calls=FakeCalls(runs),
        jobs=jobs,
        letters=FakeLetters(jobs),
        replay=FakeReplay(runs.services),
        sweeping=FakeSweeping(runs.services),
        platform=FakePlatform(),
    )


@pytest.fixture
def app(core):
    identity = AnyOf(BasicAdmin(username="oscar", password=PASSWORD), ServiceTokens(core.services.holder))
    gateway = create_gateway(core, identity=identity, limits=LIMITS)
    return split({"/run": gateway}, create_api(core, identity=identity, limits=LIMITS))


@pytest.fixture
def fuzzed_authorization() -> list[tuple[bytes, bytes]]:
    """The administrator's header in ASGI's form."""
    return [(b"authorization", b"Basic " + base64.b64encode(f"oscar:{PASSWORD}".encode()))]


@pytest.fixture
async def inside(app) -> AsyncIterator[Door]:
    """The doors in process, for what needs a hand on the core."""
    transport = httpx.ASGITransport(app=app)
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://door", auth=("oscar", PASSWORD)) as client,
        httpx.AsyncClient(transport=transport, base_url="http://door") as anyone,
    ):
        yield Door(client, anyone)


async def _quiet(client: httpx.AsyncClient, service: str) -> None:
    """Forget the service's jobs, which outlive it otherwise and would be the next test's."""
    for _ in range(200):
        await client.delete(f"/system/logs/{service}?all=true")
        if not (await client.get(f"/system/logs/{service}")).json()["jobs"]:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"jobs of {service} do not end")


URL = os.environ.get("STATUETTE_DOORS_URL", "")


@pytest.fixture(params=["inside", "server"] if URL else ["inside"])
async def door(request, inside) -> AsyncIterator[Door]:
    """The doors as any client sees them, here and, where one is given, at a server; what the test made is removed."""
    if request.param == "inside":
        yield inside
        return
    auth = ("oscar", os.environ["STATUETTE_DOORS_PASSWORD"])
    async with httpx.AsyncClient(base_url=URL, auth=auth) as client, httpx.AsyncClient(base_url=URL) as anyone:
        before = {service["name"] for service in (await client.get("/system/services")).json()}
        yield Door(client, anyone)
        for service in (await client.get("/system/services")).json():
            if service["name"] not in before:
                await _quiet(client, service["name"])
                await client.delete(f"/system/services/{service['name']}")
