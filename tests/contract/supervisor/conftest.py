"""A supervisor with real runners and real log files; only store and work are in memory."""

import asyncio
import importlib.resources
import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from statuette.adapters.clock_system import SystemClock
from statuette.adapters.logs_files import FileLogs
from statuette.backends.local import ProcessBackend
from statuette.backends.local.sandbox import find_bubblewrap
from statuette.events.event import Event, EventKind
from statuette.events.leases import Lease
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.ports.errors import ObjectGone
from statuette.ports.work import Assignment, OutputRule
from statuette.supervisor import Limits, Supervisor
from statuette.testing.backend import PlainBackend
from statuette.testing.backend_suite import Stage
from statuette.testing.work import MemoryWork


class Bucket:
    """The part of a store that supervisors use, over a dictionary."""

    def __init__(self):
        self.kept = {}

    async def head(self, ref):
        return None

    async def fetch(self, ref, sink):
        if ref.key not in self.kept:
            raise ObjectGone
        sink.write(self.kept[ref.key])

    async def put(self, ref, source, *, size, metadata, media_type=""):
        self.kept[ref.key] = source.read(size)

    async def remove(self, bucket, keys):
        for key in keys:
            self.kept.pop(key, None)


@dataclass
class Real:
    """One supervisor over one real runner."""

    folder: Path
    stage: Stage
    work: MemoryWork = field(
        default_factory=lambda: MemoryWork(rules=[OutputRule(target=ObjectRef(bucket="b", key="out"))])
    )
    objects: Bucket = field(default_factory=Bucket)

    def __post_init__(self):
        self.clock = SystemClock()
        self.logs = FileLogs(self.folder / "logs", clock=self.clock)
        self.supervisor = Supervisor(
            work=self.work,
            objects=self.objects,
            logs=self.logs,
            clock=self.clock,
            sealed_root=self.folder / "sealed",
            limits=Limits(reserve=0, patience=1.0),
        )

    def add(self, runner, *, name="job-1", body=b"hello", **more):
        self.objects.kept[f"in/{name}"] = body
        ref = ObjectRef(bucket="b", key=f"in/{name}", version=ObjectVersion(etag="e", size=len(body), modified=1))
        assignment = Assignment(
            lease=Lease(job=name, attempt=1, runner=runner.id),
            service="suite",
            **{"event": Event(kind=EventKind.STORAGE, object=ref), "timeout": 20.0} | more,
        )
        self.work.add(assignment)
        return assignment.lease

    async def serve(self, script, **more):
        """One job with this script; what was reported, and whether the runner can be kept."""
        runner = await self.stage.runner(script)
        self.add(runner, **more)
        self.work.finished()
        kept = await self.supervisor.serve(runner)
        return self.work.reports[-1][1], kept

    async def log(self, job="job-1"):
        return b"".join([part async for part in self.logs.read("suite", job, 1, timestamps=False, follow=False)])


@pytest.fixture(params=["plain", "process"])
async def real(request, tmp_path, need):
    if request.param == "plain":
        backend = PlainBackend()
    else:
        need(find_bubblewrap() is not None, "bubblewrap")
        script = importlib.resources.files("statuette.supervisor").joinpath("runner.sh").read_text()
        state = tmp_path / "state"
        state.mkdir(mode=0o700)
        backend = ProcessBackend(state / "runners", runner_script=script, environment=os.environ)
        await backend.recover()
    stage = Stage(backend)
    yield Real(tmp_path, stage)
    await stage.close()
    if isinstance(backend, ProcessBackend):
        await backend.close()
    await asyncio.sleep(0)
