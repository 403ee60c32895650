"""Handing out: the most urgent and oldest first, to each what it asked for, and never what is not yet due."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from statuette.adapters.ledger_sql import leasing, schema
from statuette.adapters.ledger_sql.batch import Batch
from statuette.adapters.ledger_sql.codec import load_job, moving_row, new_row
from statuette.adapters.ledger_sql.leasing import GiveUp, Take, give_up, take
from statuette.events.jobs import Job, JobState
from statuette.testing.ledger_suite_parts import NOW, Made, new_job


@pytest.fixture
def connection() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    schema.metadata.create_all(engine)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def add(
    connection: sa.Connection,
    *,
    service: str = "reader",
    priority: int = 0,
    deadline: float = 0.0,
    **more: object,
) -> str:
    new = new_job(Made(service=service, priority=priority, deadline=deadline))
    connection.execute(schema.jobs.insert(), new_row(new, state=JobState.QUEUED, accepted=NOW))
    if more:
        job = load_job(connection.execute(sa.select(schema.jobs).where(schema.jobs.c.id == new.id)).one())
        row = moving_row(replace(job, **more), until=None, now=NOW)  # type: ignore[arg-type]
        connection.execute(schema.jobs.update().where(schema.jobs.c.sequence == row.pop("row")).values(row))
    return new.id


def asking(limit: int, *, line: str = "reader", runner: str = "r1") -> Take:
    return Take(line=line, runner=runner, limit=limit, ttl=60.0, revision=7, script_hash="cafe")


def taken(connection: sa.Connection, *requests: Take, now: float = NOW) -> list[list[Job]]:
    batch = Batch(connection, now=now, lease_clock=lambda: 5.0)
    take(batch, requests)
    batch.finish()
    return [request.answer for request in requests]  # type: ignore[misc]


def given_up(connection: sa.Connection) -> int | None:
    request = GiveUp(line="reader", limit=1)
    batch = Batch(connection, now=NOW, lease_clock=lambda: 5.0)
    give_up(batch, [request])
    batch.finish()
    return request.answer


def ids(answers: list[list[Job]]) -> list[list[str]]:
    return [[job.id for job in jobs] for jobs in answers]


def test_the_most_urgent_first_then_the_oldest(connection: sa.Connection) -> None:
    low, first, second, high = (add(connection, priority=priority) for priority in (-1, 0, 0, 5))
    assert ids(taken(connection, asking(10))) == [[high, first, second, low]]
    assert ids(taken(connection, asking(10))) == [[]]


def test_each_gets_what_it_asked_for_in_the_order_they_came(connection: sa.Connection) -> None:
    jobs = [add(connection) for _ in range(4)]
    other = add(connection, service="writer")
    answers = taken(connection, asking(1), asking(2, runner="r2"), asking(9, line="writer"), asking(5, runner="r3"))
    assert ids(answers) == [jobs[:1], jobs[1:3], [other], jobs[3:]]
    assert [job.runner for job in answers[1]] == ["r2", "r2"]


def test_a_leased_job_is_its_runner_s_until_its_lease_ends(connection: sa.Connection) -> None:
    add(connection)
    [[job]] = taken(connection, asking(1))
    assert (job.state, job.attempt, job.runner) == (JobState.LEASED, 1, "r1")
    row = connection.execute(sa.select(schema.jobs)).one()
    assert (load_job(row), row.lease_until, row.ready_line) == (job, 65.0, None)


def test_an_attempt_is_opened_for_it(connection: sa.Connection) -> None:
    add(connection)
    [[job]] = taken(connection, asking(1))
    row = connection.execute(sa.select(schema.attempts)).one()
    assert (row.job, row.number, row.runner, row.leased) == (job.sequence, 1, "r1", NOW)
    assert (row.revision, row.script_hash, row.outcome, row.ended) == (7, "cafe", None, None)


def test_what_has_to_wait_is_handed_out_when_it_is_due(connection: sa.Connection) -> None:
    job = add(connection, state=JobState.RETRYING, not_before=NOW + 10)
    assert ids(taken(connection, asking(1), now=NOW + 9.9)) == [[]]
    assert ids(taken(connection, asking(1), now=NOW + 10)) == [[job]]


def test_nothing_is_handed_out_before_what_is_overdue_is_given_up(connection: sa.Connection) -> None:
    late, good = add(connection, deadline=NOW - 1), add(connection)
    first, second = asking(1), asking(1)
    assert ids(taken(connection, first, second)) == [[], []]
    assert (first.late, second.late) == (True, True)
    assert given_up(connection) == 1
    assert ids(taken(connection, first)) == [[good]]
    assert not first.late
    row = connection.execute(sa.select(schema.jobs).where(schema.jobs.c.id == late)).one()
    assert (load_job(row).state, row.ready_line) == (JobState.DEAD, None)


def test_what_is_overdue_further_behind_is_left(connection: sa.Connection) -> None:
    good, _ = add(connection), add(connection, deadline=NOW - 1)
    assert given_up(connection) == 0
    assert ids(taken(connection, asking(1))) == [[good]]


def test_one_transaction_gives_up_only_so_many(connection: sa.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leasing, "GIVE_UP_LIMIT", 2)
    for _ in range(5):
        add(connection, deadline=NOW - 1)
    assert [given_up(connection) for _ in range(4)] == [2, 2, 1, 0]


def test_uploads_are_taken_up_again_in_a_line_of_their_own(connection: sa.Connection) -> None:
    job = add(connection, state=JobState.UNPUBLISHED, attempt=1, commit="c-1", generation=1)
    assert ids(taken(connection, asking(1))) == [[]]
    [[resumed]] = taken(connection, asking(1, line="", runner="publisher"))
    assert (resumed.id, resumed.state, resumed.attempt, resumed.commit) == (job, JobState.COMMITTED, 2, "c-1")
