"""A dispatch over twins, spoken to in process or over HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import uvicorn
from tests.unit.core.conftest import KEY, chunks, make_record

from statuette.adapters.work_http import AddressBook, Door, HttpLogs, HttpWork, PresignedObjects
from statuette.api import create_app
from statuette.core.calls import Call, CallBoard
from statuette.core.catalog import Catalog, Condition
from statuette.core.commits import CommitMarks
from statuette.core.dispatch import LEASE_TTL, Dispatch
from statuette.core.managers import Managers
from statuette.core.remote import Remote
from statuette.core.roster import Hints, Roster, Seat
from statuette.events.event import Event, EventKind
from statuette.events.jobs import NewJob
from statuette.events.keys import new_job_id
from statuette.ports.intake import Arrival
from statuette.ports.services import Readiness
from statuette.testing.bodies import MemoryBodies
from statuette.testing.clock import VirtualClock
from statuette.testing.ledger import MemoryLedger
from statuette.testing.logs import MemoryLogs
from statuette.testing.presigning import MemoryDoor, MemoryPresign
from statuette.testing.store import MemoryStore
from statuette.testing.work_suite import RUNNER
from statuette.web import Limits


class Queue:
    """A queue that answers with `fault` once."""

    def __init__(self, inner):
        self._inner, self.fault = inner, None

    def __getattr__(self, name):
        fault, self.fault = self.fault, None
        if fault is not None:
            raise fault()
        return getattr(self._inner, name)


class InProcess:
    """The platform of the suite; `work` is the dispatch itself."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock(auto=False)
        self.ledger, self.queue = MemoryLedger(self.clock), None
        self.queue = Queue(self.ledger.queue)
        self.catalog, self.board, self.roster = Catalog(), CallBoard(limit=9), Roster(Hints())
        (folder / "bodies").mkdir(parents=True)
        self.bodies = MemoryBodies(folder / "bodies")
        self.logs = MemoryLogs(self.clock)
        self.dispatch = Dispatch(
            queue=self.queue, jobs=self.ledger.jobs, catalog=self.catalog, board=self.board, roster=self.roster,
            marks=CommitMarks(KEY), bodies=self.bodies, clock=self.clock, may_lease=lambda: True, most_hops=9,
            changed=lambda: None, freed=lambda: None, logs=self.logs,
            managers=Managers(None, catalog=self.catalog, ttl=10.0, clock=self.clock),
        )  # fmt: skip
        self.work = self.dispatch
        self.record = make_record(outputs=["box/out"], timeout=77, runner={"idle_timeout": 3600})
        self.catalog.put(self.record)
        self.catalog.set_condition(self.record, Condition(Readiness.READY))
        self.seat = self.sit(RUNNER)
        self.calls = {}

    def sit(self, runner):
        seat = Seat(id=runner, record=self.record, cpu=200, memory=256 * 2**20)
        self.roster.sit(seat)
        return seat

    async def job(self, event):
        job = NewJob(
            id=new_job_id("cat"), key="", service="cat", incarnation=self.record.incarnation, event=event,
            principal=event.principal,
        )  # fmt: skip
        [acceptance] = await self.ledger.intake.accept([Arrival(job=replace(job, key=f"id:{job.id}"))])
        self.roster.hints.add({"cat": 1})
        return acceptance.job

    async def large(self, data):
        name, _ = await self.bodies.keep("kept", chunks(data), limit=len(data))
        return Event(kind=EventKind.RAW, payload_file=name, principal="alice")

    def call(self, event):
        now = self.clock.monotonic()
        made = Call(id="cat-call", service="cat", event=event, principal="alice", arrived=now, deadline=now + 30)
        self.board.put(made)
        self.roster.hints.add({"cat": 1})
        self.calls[made.id] = made
        return made.id

    async def answered(self, call):
        return await asyncio.wait_for(self.calls[call].done, 10), self.calls[call].sealed

    async def state(self, job):
        return (await self.ledger.jobs.get(job)).state

    async def stages(self, job):
        return (await self.ledger.jobs.get(job)).stages

    async def expire(self):
        await self.clock.advance(LEASE_TTL + 1)
        await self.ledger.queue.expire()

    def withdraw(self, lease):
        self.seat.withdrawn.put_nowait(lease)

    def dismiss(self):
        self.roster.dismiss(self.seat)

    def fail(self, fault):
        self.queue.fault = fault


class OverHttp(InProcess):
    """The same, and between it and `work` the manager's door; `wait` is how long that keeps silent."""

    def __init__(self, folder: Path, *, wait: float = 0.1) -> None:
        super().__init__(folder)
        (folder / "answers").mkdir()
        self.folder = folder
        self.presign, self.store = MemoryPresign(self.clock), MemoryStore()
        self.remote = Remote(
            work=self.dispatch, presign=self.presign, logs=self.logs, clock=self.clock, answers=folder / "answers",
            ttl=LEASE_TTL, wait=wait,
        )  # fmt: skip
        core = SimpleNamespace(remote=self.remote, submissions=None)
        self.app = create_app(core, identity=None, limits=Limits())
        self.credential = self.remote.admit(RUNNER)
        self.transport = httpx.ASGITransport(self.app)
        self.closing = []

    def join(self, transport=None, *, url="http://manager", credential=None, runner=RUNNER, clock=None):
        """A supervisor's side; `clock` is for what it waits for by itself."""
        door = Door(url, credential or self.credential, transport=transport)
        book = AddressBook(self.clock)
        logs = HttpLogs(door, runner, clock=clock or self.clock)
        work = HttpWork(door, book=book, logs=logs, clock=self.clock, spool=self.folder)
        objects = PresignedObjects(book, transport=MemoryDoor(self.store, self.presign))
        self.closing += [door, objects]
        return SimpleNamespace(door=door, book=book, logs=logs, work=work, objects=objects)

    async def close(self):
        for one in self.closing:
            await one.close()
        await self.remote.dismiss(RUNNER)


@asynccontextmanager
async def served(app) -> AsyncIterator[str]:
    """An application on a real socket."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, loop="none", lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    )
    server.install_signal_handlers = lambda: None
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@pytest.fixture
async def far(tmp_path) -> AsyncIterator[OverHttp]:
    """A platform with a supervisor over the application itself."""
    house = OverHttp(tmp_path / "house")
    side = house.join(house.transport)
    house.work, house.side = side.work, side
    yield house
    await house.close()
