"""What jobs leave behind goes with them."""

from statuette.core.remains import Remains
from statuette.events.event import Event, EventKind
from statuette.testing.logs import MemoryLogs


async def test_logs_and_bodies_go_and_those_of_others_stay(ledger, deploy, queue_job, bodies, body, clock, heard):
    logs = MemoryLogs(clock)
    service = deploy()
    ids = []
    for name in ("one", "two"):
        await bodies.keep(name, body(b"large"), limit=99)
        ids.append(await queue_job(service, event=Event(kind=EventKind.RAW, payload_file=name)))
        logs.open("cat", ids[-1], 1, secrets=()).write("stdout", b"words\n")
    await Remains(logs=logs, bodies=bodies).clear([await ledger.jobs.get(ids[0])])
    assert list(bodies.kept) == ["two"]
    assert await heard(logs, "cat", ids[0]) is None
    assert await heard(logs, "cat", ids[1]) == b"words\n"


async def test_a_job_without_any_is_no_error(ledger, deploy, queue_job, bodies, clock):
    job = await queue_job(deploy())
    await Remains(logs=MemoryLogs(clock), bodies=bodies).clear([await ledger.jobs.get(job)])
