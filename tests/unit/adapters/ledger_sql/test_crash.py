"""A killed manager: what it acknowledged is there, and nothing by halves."""

import asyncio
import signal
import sys
from pathlib import Path

from statuette.adapters.ledger_sql import open_ledger
from statuette.events.jobs import JobState
from statuette.ports.jobs import JobQuery
from statuette.testing.clock import VirtualClock

JOBS_A_CALL = 3

CHILD = """
import asyncio, sys
from pathlib import Path
from statuette.adapters.ledger_sql import open_ledger
from statuette.events.leases import Report
from statuette.events.jobs import Outcome
from statuette.testing.clock import VirtualClock
from statuette.testing.ledger_suite_parts import lease_of, manifest, submitted

async def write():
    async with open_ledger(sys.argv[1], key_file=Path(sys.argv[2]), clock=VirtualClock()) as ledger:
        async def accept():
            for number in range(1, 1_000_000):
                arrivals = [submitted() for _ in range(int(sys.argv[3]))]
                for one in await ledger.intake.accept(arrivals, stream="filer", position=number):
                    print("accepted", one.job, flush=True)
        async def work():
            while True:
                for job in await ledger.queue.lease("reader", runner="r", limit=1, ttl=60, revision=1, script_hash=""):
                    made = await ledger.queue.commit(lease_of(job), manifest("a"))
                    print("committed", job.id, made.id, flush=True)
                    await ledger.queue.report(lease_of(job), Report(outcome=Outcome.PUBLISHED))
                    print("published", job.id, flush=True)
        await asyncio.gather(accept(), *(work() for _ in range(8)))

asyncio.run(write())
"""


async def _write_until_killed(url: str, key_file: Path, lines: int) -> list[list[str]]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, url, str(key_file), str(JOBS_A_CALL), stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout
    said = [await child.stdout.readline() for _ in range(lines)]
    child.send_signal(signal.SIGKILL)
    rest = await child.stdout.read()
    await child.wait()
    whole = [line for line in b"".join([*said, rest]).decode().splitlines(keepends=True) if line.endswith("\n")]
    return [line.split() for line in whole]


async def test_what_was_acknowledged_survives_kill_9(url: str, key_file: Path) -> None:
    said: list[list[str]] = []
    for lines in (40, 300, 700):
        said += await _write_until_killed(url, key_file, lines)
        async with open_ledger(url, key_file=key_file, clock=VirtualClock()) as ledger:
            await ledger.queue.expire(everything=True)
    async with open_ledger(url, key_file=key_file, clock=VirtualClock()) as ledger:
        kept = {word[1]: await ledger.jobs.get(word[1]) for word in said}
        assert all(kept.values())
        for _, name, commit in (word for word in said if word[0] == "committed"):
            job = kept[name]
            assert job
            assert (job.commit, job.generation) == (commit, 1)
        published = [job for word in said if word[0] == "published" and (job := kept[word[1]])]
        assert {job.state for job in published} == {JobState.PUBLISHED}


async def test_jobs_and_position_are_never_torn_apart(url: str, key_file: Path) -> None:
    await _write_until_killed(url, key_file, 200)
    async with open_ledger(url, key_file=key_file, clock=VirtualClock()) as ledger:
        position = await ledger.intake.position("filer")
        page = await ledger.jobs.page(JobQuery(service="reader"), limit=1_000_000)
        backlog = (await ledger.jobs.backlog())["reader"]
    assert position is not None
    assert len(page.jobs) == position * JOBS_A_CALL
    waiting = [job for job in page.jobs if job.state is JobState.QUEUED]
    assert backlog.queued == len(waiting)
    assert backlog.running == sum(job.state in (JobState.LEASED, JobState.COMMITTED) for job in page.jobs)
