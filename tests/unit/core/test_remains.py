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


async def test_what_cannot_be_removed_is_told_and_the_others_go(
    ledger, deploy, queue_job, bodies, clock, heard, caplog
):
    class Stuck(MemoryLogs):
        async def remove(self, service, job):
            if job == ids[0]:
                raise OSError(30, "Read-only file system")
            await super().remove(service, job)

    logs, service = Stuck(clock), deploy()
    ids = [await queue_job(service) for _ in range(2)]
    for job in ids:
        logs.open("cat", job, 1, secrets=()).write("stdout", b"words\n")
    await Remains(logs=logs, bodies=bodies).clear([await ledger.jobs.get(job) for job in ids])
    assert [await heard(logs, "cat", job) for job in ids] == [b"words\n", None]
    assert "Read-only file system" in caplog.text
