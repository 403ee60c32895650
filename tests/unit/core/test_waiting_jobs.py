"""However many jobs wait: what the core itself holds does not grow with them, counted in objects."""

import asyncio
import gc
from collections import Counter
from contextlib import suppress

from statuette.core.fleet import Fleet
from statuette.core.intake import Intake
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.ports.intake import Acceptance, IntakeLedger
from statuette.ports.queue import Backlog
from statuette.ports.store_events import Notice
from statuette.testing.backend import PlainBackend


class CountingLedger(IntakeLedger):
    """A ledger on a disk that is not counted: it knows how many jobs of each service there are, and keeps none."""

    def __init__(self):
        self.queued = Counter()

    async def accept(self, arrivals, *, stream="", position=None):
        self.queued.update(arrival.job.service for arrival in arrivals)
        return [Acceptance(job=arrival.job.id, new=True) for arrival in arrivals]

    async def position(self, stream):
        return None

    async def seen(self, feed, *, after, limit):
        return []

    async def forget(self, feed, object_keys):
        raise AssertionError("nothing is to be forgotten here")

    async def backlog(self):
        return {name: Backlog(queued=count, oldest=1.0) for name, count in self.queued.items()}


def notice(number):
    version = ObjectVersion(etag=f"{number:032x}", size=1, modified=10**9)
    return Notice(position=number, ref=ObjectRef(bucket="photos", key=f"a/{number}", version=version))


def objects():
    gc.collect()
    return len(gc.get_objects())


async def test_what_the_core_holds_does_not_grow_with_the_jobs_that_wait(
    catalog, board, roster, marks, clock, deploy, settle
):
    deploy(inputs=["photos/a"])
    ledger = CountingLedger()
    fleet = Fleet(
        backend=PlainBackend(runners=0), jobs=ledger, catalog=catalog, board=board, roster=roster, clock=clock,
        may_lease=lambda: True, breath=0,
    )  # fmt: skip
    intake = Intake(ledger=ledger, catalog=catalog, marks=marks, clock=clock, wake=fleet.wake)
    task = asyncio.create_task(fleet.run(None))
    held = {}
    for start in range(0, 5000, 50):
        await intake.take([notice(number) for number in range(start, start + 50)], stream="s")
        if start + 50 in (500, 5000):
            await settle()
            held[start + 50] = objects()
    assert fleet.backlog["cat"].queued == ledger.queued["cat"] == 5000
    assert held[5000] - held[500] < 1000
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
