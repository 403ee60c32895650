"""A supervisor with everything around it in memory but the files."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pytest

from statuette.events.event import Event, EventKind
from statuette.events.leases import Lease, Report
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.ports.backend import End, Output, RunOrder, RunResult, Workspace
from statuette.ports.errors import NotFound, ObjectGone
from statuette.ports.objects import ObjectInfo, ObjectPage
from statuette.ports.work import Assignment, OutputRule
from statuette.supervisor import Limits, Supervisor
from statuette.testing.clock import VirtualClock
from statuette.testing.logs import MemoryLogs
from statuette.testing.store import MemoryPage
from statuette.testing.work import MemoryWork

Script = Callable[[Path, RunOrder, Output], "Awaitable[RunResult | int | None] | RunResult | int | None"]


class BucketInMemory:
    """Objects of any bucket by (bucket, key)."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], tuple[bytes, dict[str, str]]] = {}
        self.puts: list[str] = []
        self.heads: list[str] = []

    def info(self, ref: ObjectRef) -> ObjectInfo:
        body, metadata = self.kept[ref.bucket, ref.key]
        version = ObjectVersion(etag=str(hash(body)), size=len(body), modified=1)
        return ObjectInfo(key=ref.key, version=version, metadata=metadata)

    async def head(self, ref: ObjectRef) -> ObjectInfo | None:
        self.heads.append(ref.key)
        return self.info(ref) if (ref.bucket, ref.key) in self.kept else None

    async def fetch(self, ref: ObjectRef, sink: BinaryIO) -> ObjectInfo:
        if (ref.bucket, ref.key) not in self.kept:
            raise ObjectGone
        sink.write(self.kept[ref.bucket, ref.key][0])
        return self.info(ref)

    async def put(
        self, ref: ObjectRef, source: BinaryIO, *, size: int, metadata: Mapping[str, str], media_type: str = ""
    ) -> ObjectVersion:
        if ref.bucket == "missing":
            raise NotFound("no such bucket")
        body = source.read(size)
        self.puts.append(ref.key)
        self.kept[ref.bucket, ref.key] = (body, dict(metadata))
        return self.info(ref).version

    async def list(self, bucket: str, prefix: str, *, after: str = "") -> AsyncIterator[ObjectPage]:
        yield MemoryPage(
            [self.info(ObjectRef(bucket=b, key=k)) for b, k in sorted(self.kept) if b == bucket and k > after]
        )

    async def remove(self, bucket: str, keys: Sequence[str]) -> None:
        for key in keys:
            self.kept.pop((bucket, key), None)


class FolderRunner:
    """A runner whose script is a function over its workspace's folder."""

    def __init__(self, host: Path, script: Script, *, name: str = "runner-1") -> None:
        (host / "in").mkdir(parents=True)
        (host / "out").mkdir()
        self.id = name
        self.workspace = Workspace(host=host, guest="/work", owner=(os.geteuid(), os.getegid()))
        self.script = script
        self.orders: list[RunOrder] = []
        self.resets = 0
        self.clean = True
        self.killed = asyncio.Event()
        self.begun = asyncio.Event()

    async def run(self, order: RunOrder, output: Output) -> RunResult:
        self.orders.append(order)
        self.killed.clear()
        self.begun.set()
        started = time.time()
        answer = self.script(self.workspace.host, order, output)
        if isinstance(answer, Awaitable):
            running = asyncio.ensure_future(answer)
            killed = asyncio.ensure_future(self.killed.wait())
            try:
                await asyncio.wait([running, killed], return_when=asyncio.FIRST_COMPLETED)
                answer = (
                    running.result()
                    if running.done()
                    else RunResult(end=End.KILLED, exit_code=None, started=started, ended=time.time())
                )
            finally:
                running.cancel()
                killed.cancel()
        if isinstance(answer, RunResult):
            return answer
        return RunResult(end=End.EXITED, exit_code=answer or 0, started=started, ended=time.time())

    async def kill(self) -> None:
        self.killed.set()

    async def reset(self) -> bool:
        self.resets += 1
        for path in (self.workspace.host / "in").iterdir():
            path.unlink()
        return self.clean


def copy_input(host: Path, order: RunOrder, output: Output) -> None:
    """The script `cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR"`."""
    name = order.variables["INPUT_FILE_PATH"].removeprefix("/work/in/")
    (host / "out" / name).write_bytes((host / "in" / name).read_bytes())


@dataclass
class World:
    """Everything of one test. Change `runner.script` before `serve`."""

    folder: Path
    work: MemoryWork
    objects: BucketInMemory = field(default_factory=BucketInMemory)
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(auto=False))
    limits: Limits = field(default_factory=lambda: Limits(reserve=0, patience=0.0))

    def __post_init__(self) -> None:
        self.logs = MemoryLogs(self.clock)
        self.runner = FolderRunner(self.folder / "workspace", copy_input)
        self.sealed = self.folder / "sealed"

    def supervisor(self) -> Supervisor:
        return Supervisor(
            work=self.work,
            objects=self.objects,
            logs=self.logs,
            clock=self.clock,
            sealed_root=self.sealed,
            limits=self.limits,
        )

    def job(self, name: str = "copy-1", *, attempt: int = 1, body: bytes = b"hello", **more: object) -> Assignment:
        """A job for an object `in/<name>.txt` that is in the store."""
        key = f"in/{name}.txt"
        self.objects.kept["data", key] = (body, {})
        version = ObjectVersion(etag="e", size=len(body), modified=1)
        event = Event(
            kind=EventKind.STORAGE,
            time="2026-01-01T00:00:00Z",
            object=ObjectRef(bucket="data", key=key, version=version),
        )
        values = {"event": event, "service": "copy"} | more
        return Assignment(lease=Lease(job=name, attempt=attempt, runner=self.runner.id), **values)

    async def serve(self, *assignments: Assignment) -> bool:
        """Serve these and no more."""
        self.work.add(*assignments)
        self.work.finished()
        return await self.supervisor().serve(self.runner)

    @property
    def report(self) -> Report:
        assert len(self.work.reports) == 1
        return self.work.reports[0][1]

    async def log(self, job: str = "copy-1", attempt: int = 1) -> str:
        blocks = self.logs.read("copy", job, attempt, timestamps=False, follow=False)
        return b"".join([block async for block in blocks]).decode()

    def stored(self, key: str) -> bytes:
        return self.objects.kept["data", key][0]


@pytest.fixture
def rules() -> list[OutputRule]:
    return [OutputRule(target=ObjectRef(bucket="data", key="out"))]


@pytest.fixture
async def world(tmp_path: Path, rules: list[OutputRule]) -> World:
    return World(tmp_path, MemoryWork(rules=rules))
