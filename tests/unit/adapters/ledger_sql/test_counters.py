"""What is kept of a look at the backlog, and what is asked again."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from statuette.adapters.ledger_sql import open_ledger, schema
from statuette.adapters.ledger_sql.counters import Counters
from statuette.events.jobs import Outcome
from statuette.events.leases import Report
from statuette.ports.queue import Backlog
from statuette.testing.clock import VirtualClock
from statuette.testing.ledger_suite_parts import lease_of, submitted


@pytest.fixture
def connection() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    schema.metadata.create_all(engine)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def put(connection: sa.Connection, service: str, *, queued: int, incarnation: str = "i") -> None:
    row = dict.fromkeys(schema.COUNTED, 0) | {"service": service, "incarnation": incarnation, "queued": queued}
    connection.execute(schema.backlog.delete().where(schema.backlog.c.service == service))
    connection.execute(schema.backlog.insert(), row)


def test_only_what_moved_is_asked_again(connection: sa.Connection) -> None:
    put(connection, "a", queued=1)
    put(connection, "b", queued=1)
    counters = Counters()
    assert counters.look(connection) == {"a": Backlog(queued=1), "b": Backlog(queued=1)}
    put(connection, "a", queued=2)
    put(connection, "b", queued=2)
    counters.moved(["a"])
    assert counters.look(connection) == {"a": Backlog(queued=2), "b": Backlog(queued=1)}


def test_who_has_no_work_is_left_out(connection: sa.Connection) -> None:
    put(connection, "a", queued=1)
    put(connection, "idle", queued=0)
    counters = Counters()
    assert set(counters.look(connection)) == {"a"}
    put(connection, "a", queued=0)
    counters.moved(["a", "unheard-of"])
    assert counters.look(connection) == {}


def test_dead_letters_are_told_though_there_is_no_work(connection: sa.Connection) -> None:
    put(connection, "a", queued=0)
    connection.execute(schema.backlog.update().values(failed=2, dead=3))
    assert Counters().look(connection) == {"a": Backlog(failed=2, dead=3)}


def test_lives_of_one_service_are_added_up(connection: sa.Connection) -> None:
    put(connection, "a", queued=1)
    row = dict.fromkeys(schema.COUNTED, 1) | {"service": "a", "incarnation": "next"}
    connection.execute(schema.backlog.insert(), row)
    both = Backlog(queued=2, waiting=1, running=1, unpublished=1, failed=1, dead=1)
    assert Counters().look(connection) == {"a": both}


def test_after_a_look_that_failed_all_is_asked(connection: sa.Connection) -> None:
    put(connection, "a", queued=1)
    counters = Counters()
    counters.look(connection)
    put(connection, "a", queued=5)
    counters.moved(["a"])
    connection.exec_driver_sql("ALTER TABLE backlog RENAME TO hidden")
    with pytest.raises(sa.exc.OperationalError):
        counters.look(connection)
    connection.exec_driver_sql("ALTER TABLE hidden RENAME TO backlog")
    assert counters.look(connection) == {"a": Backlog(queued=5)}


def test_what_was_given_is_the_caller_s(connection: sa.Connection) -> None:
    put(connection, "a", queued=1)
    counters = Counters()
    counters.moved(["a"])
    dict.clear(counters.look(connection))  # type: ignore[arg-type]
    assert set(counters.look(connection)) == {"a"}


async def test_kept_looks_say_what_a_fresh_one_says(url: str, key_file: Path, clock: VirtualClock) -> None:
    """Also the oldest, when one job goes as another comes and the counts stay the same."""
    dice = random.Random(7)
    engine = sa.create_engine(url)
    async with open_ledger(url, key_file=key_file, clock=clock) as ledger:
        waiting: list[str] = []
        for _ in range(60):
            await clock.advance(1)
            came = [ledger.intake.accept([submitted(lane=dice.choice(["", "l"]))]) for _ in range(dice.randint(0, 3))]
            gone = waiting[: dice.randint(0, 2)]
            answers, _ = await asyncio.gather(asyncio.gather(*came), ledger.jobs.remove("reader", gone))
            waiting = waiting[len(gone) :] + [answer.job for [answer] in answers]
            for job in await ledger.queue.lease("reader", runner="r", limit=1, ttl=60, revision=1, script_hash=""):
                waiting.remove(job.id)
                if dice.random() < 0.7:
                    await ledger.queue.report(lease_of(job), Report(outcome=Outcome.PUBLISHED))
            with engine.connect() as connection:
                assert await ledger.jobs.backlog() == Counters().look(connection)
    engine.dispose()
