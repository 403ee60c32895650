"""Several managers on one PostgreSQL, and a connection that is lost."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg
import pytest

from statuette.adapters.ledger_sql import SqlLedger, open_ledger
from statuette.events.jobs import JobState, Outcome
from statuette.events.leases import Lease, Report
from statuette.ports.errors import LedgerUnavailable
from statuette.ports.queue import Backlog
from statuette.testing.clock import VirtualClock
from statuette.testing.ledger_suite_parts import NOW, lease_of, manifest, submitted

Managers = tuple[SqlLedger, SqlLedger]


@pytest.fixture
def url(postgres_server: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    with postgres_server() as address:
        yield address


@pytest.fixture
async def managers(url: str, tmp_path: Path) -> AsyncIterator[Managers]:
    clock, key = VirtualClock(), tmp_path / "key"
    async with open_ledger(url, key_file=key, clock=clock) as one, open_ledger(url, key_file=key, clock=clock) as two:
        yield one, two


async def _work(ledger: SqlLedger, runner: str) -> list[str]:
    done: list[str] = []
    while jobs := await ledger.queue.lease("reader", runner=runner, limit=2, ttl=60, revision=1, script_hash=""):
        for job in jobs:
            await ledger.queue.commit(lease_of(job), manifest("a"))
            await ledger.queue.report(lease_of(job), Report(outcome=Outcome.PUBLISHED))
            done.append(job.id)
    return done


async def test_every_job_is_done_once_and_counted_right(managers: Managers) -> None:
    accepted = await asyncio.gather(
        *(ledger.intake.accept([submitted(key=f"k{number}")]) for number in range(100) for ledger in managers)
    )
    assert sum(answer.new for [answer] in accepted) == 100
    done = await asyncio.gather(*(_work(ledger, f"r{n}") for n, ledger in enumerate(managers * 4)))
    names = [name for mine in done for name in mine]
    assert len(names) == len(set(names)) == 100
    assert await managers[0].jobs.backlog() == {}


async def test_a_lane_has_one_job_at_a_time_over_all_managers(managers: Managers) -> None:
    calls = [ledger.intake.accept([submitted(lane="l")]) for _ in range(15) for ledger in managers]
    await asyncio.gather(*calls)
    sequences: list[int] = []
    while jobs := await managers[len(sequences) % 2].queue.lease(
        "reader", runner="r", limit=5, ttl=60, revision=1, script_hash=""
    ):
        assert len(jobs) == 1
        sequences.append(jobs[0].sequence)
        await managers[0].queue.report(lease_of(jobs[0]), Report(outcome=Outcome.PUBLISHED))
    assert len(sequences) == 30
    assert sequences == sorted(sequences)


async def test_the_other_manager_takes_back_what_ran_out(managers: Managers) -> None:
    one, two = managers
    await one.intake.accept([submitted(), submitted()])
    kept, lost = await one.queue.lease("reader", runner="r", limit=2, ttl=0.2, revision=1, script_hash="")
    await one.queue.renew([lease_of(kept)], ttl=60, started={})
    await asyncio.sleep(0.3)
    assert [(job.id, job.state) for job in await two.queue.expire()] == [(lost.id, JobState.RETRYING)]


async def test_of_racing_managers_one_has_the_duty_and_the_other_takes_over(managers: Managers) -> None:
    for turn in range(20):
        calls = [
            ledger.duties.take(f"sweep-{turn}", holder=f"m{n}", ttl=60)
            for n, ledger in sorted(enumerate(managers), reverse=bool(turn % 2))
        ]
        assert sorted(await asyncio.gather(*calls)) == [False, True]
    one, two = managers
    assert await one.duties.take("stream", holder="one", ttl=0.3)
    assert not await two.duties.take("stream", holder="two", ttl=60)
    await asyncio.sleep(0.35)
    assert await two.duties.take("stream", holder="two", ttl=60)
    assert not await one.duties.take("stream", holder="one", ttl=60)


async def test_lanes_are_kept_while_one_manager_gives_up_what_the_other_puts_behind(managers: Managers) -> None:
    """No arrival waits for a lane whose overdue job was given up at the same moment."""
    await managers[0].intake.accept([submitted(lane=f"l{number}", deadline=NOW - 1) for number in range(30)])
    arriving = [managers[number % 2].intake.accept([submitted(lane=f"l{number}")]) for number in range(30)]
    working = [_work(ledger, "r") for ledger in managers * 2]
    answers = await asyncio.gather(*arriving, *working)
    accepted = {one.job for [one] in answers[:30]}
    done = [name for names in answers[30:] for name in names] + await _work(managers[0], "r")
    assert len(done) == 30
    assert set(done) == accepted
    assert await managers[1].jobs.backlog() == {"reader": Backlog(dead=30)}


async def test_a_lost_connection_is_told_once_and_made_again(url: str, managers: Managers) -> None:
    one, _ = managers
    await one.vault.write("a", "1")
    with psycopg.connect(url, autocommit=True) as admin:
        mine = "pid <> pg_backend_pid() AND datname = current_database()"
        admin.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine}")
    with pytest.raises(LedgerUnavailable):
        await one.vault.write("a", "2")
    await one.vault.write("a", "3")
    assert await one.vault.read("a") == "3"


async def test_a_text_that_postgresql_cannot_keep_harms_nobody_else(managers: Managers) -> None:
    one, _ = managers
    calls = [one.intake.accept([submitted(principal=name)]) for name in ("alice", "bo\0b", "carol")]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer).__name__ for answer in answers] == ["list", "BadInput", "list"]


async def test_migrations_of_several_managers_do_not_meet(url: str, tmp_path: Path) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")

    async def opened(name: str) -> list[Lease]:
        async with open_ledger(url, key_file=tmp_path / name, clock=VirtualClock()) as ledger:
            return await ledger.queue.renew([], ttl=1, started={})

    assert await asyncio.gather(*(opened(f"key{number}") for number in range(3))) == [[], [], []]
