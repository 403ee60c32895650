"""The writer thread: grouping, refusals, cancelled callers, closing."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from statuette.adapters.ledger_sql import open_ledger
from statuette.events.jobs import JobState
from statuette.ports.errors import BadInput, Conflict, LedgerUnavailable
from statuette.ports.intake import Arrival
from statuette.testing.clock import VirtualClock
from statuette.testing.ledger_suite_parts import Made, new_job, submitted


async def test_a_cancelled_caller_leaves_the_writing_undisturbed(url: str, key_file: Path, clock: VirtualClock) -> None:
    async with open_ledger(url, key_file=key_file, clock=clock) as ledger:
        calls = [asyncio.create_task(ledger.intake.accept([submitted()])) for _ in range(20)]
        await asyncio.sleep(0)
        for call in calls[::2]:
            call.cancel()
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert [isinstance(answer, asyncio.CancelledError) for answer in answers] == [True, False] * 10
        assert (await ledger.jobs.backlog())["reader"].queued == 20


async def test_closing_writes_what_is_queued(url: str, key_file: Path, clock: VirtualClock) -> None:
    async with open_ledger(url, key_file=key_file, clock=clock) as ledger:
        calls = [asyncio.create_task(ledger.intake.accept([submitted()])) for _ in range(50)]
        await asyncio.sleep(0)
    answers = await asyncio.gather(*calls)
    assert all(answer.new for [answer] in answers)
    async with open_ledger(url, key_file=key_file, clock=clock) as ledger:
        assert (await ledger.jobs.backlog())["reader"].queued == 50


async def test_a_closed_ledger_refuses(url: str, key_file: Path, clock: VirtualClock) -> None:
    async with open_ledger(url, key_file=key_file, clock=clock) as ledger:
        pass
    with pytest.raises(LedgerUnavailable, match="closed"):
        await ledger.vault.write("a", "b")
    with pytest.raises(LedgerUnavailable, match="closed"):
        await ledger.vault.read("a")


async def test_what_cannot_be_kept_fails_alone(url: str, key_file: Path, clock: VirtualClock) -> None:
    async with open_ledger(url, key_file=key_file, clock=clock) as ledger:
        taken = new_job(Made())
        await ledger.intake.accept([Arrival(job=taken)])
        unkeepable = new_job(Made(principal="\ud800"))
        twice = replace(new_job(Made()), id=taken.id)
        arrivals = [submitted(), Arrival(job=unkeepable), submitted(), Arrival(job=twice), submitted()]
        calls = [ledger.intake.accept([arrival]) for arrival in arrivals]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(answer) for answer in answers] == [list, BadInput, list, Conflict, list]
        assert (await ledger.jobs.backlog())["reader"].queued == 4


async def test_a_call_is_kept_whole_or_not_at_all(url: str, key_file: Path, clock: VirtualClock) -> None:
    async with open_ledger(url, key_file=key_file, clock=clock) as ledger:
        arrivals = [submitted(), Arrival(job=new_job(Made(principal="\ud800")))]
        with pytest.raises(BadInput):
            await ledger.intake.accept(arrivals, stream="filer", position=5)
        assert await ledger.intake.position("filer") is None
        assert await ledger.jobs.backlog() == {}


async def test_many_at_once_are_few_transactions(url: str, key_file: Path, clock: VirtualClock) -> None:
    """Jobs of one transaction were accepted at one moment: a clock that moves at every look tells them apart."""

    class Moving(VirtualClock):
        def wall(self) -> float:
            self._now += 1.0
            return super().wall()

    async with open_ledger(url, key_file=key_file, clock=Moving(start=clock.wall())) as ledger:
        await asyncio.gather(*(ledger.intake.accept([submitted()]) for _ in range(300)))
        jobs = await ledger.queue.lease("reader", runner="r", limit=300, ttl=9, revision=1, script_hash="")
    assert {job.state for job in jobs} == {JobState.LEASED}
    assert len({job.accepted for job in jobs}) <= 60


async def test_a_locked_database_is_unavailable_and_then_works_again(
    url: str, database: Path, key_file: Path, clock: VirtualClock
) -> None:
    async with open_ledger(url, key_file=key_file, clock=clock) as ledger:
        await ledger.vault.write("a", "1")
        locker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN IMMEDIATE');"
            "print('locked', flush=True); sys.stdin.read()",
            str(database),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert locker.stdout
        await locker.stdout.readline()
        with pytest.raises(LedgerUnavailable):
            await ledger.vault.write("a", "2")
        await locker.communicate(b"")
        await ledger.vault.write("a", "3")
        assert await ledger.vault.read("a") == "3"
