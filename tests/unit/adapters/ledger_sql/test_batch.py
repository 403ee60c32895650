"""One transaction's view of the jobs: read once, written together, lanes moved up, shelves counted."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from statuette.adapters.ledger_sql import schema
from statuette.adapters.ledger_sql.batch import Batch, Entry, chunks
from statuette.adapters.ledger_sql.codec import load_job, new_row
from statuette.events.jobs import JobState
from statuette.events.leases import Lease
from statuette.testing.ledger_suite_parts import NOW, Made, new_job


@pytest.fixture
def connection() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    schema.metadata.create_all(engine)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def begun(connection: sa.Connection) -> Batch:
    return Batch(connection, now=NOW, lease_clock=lambda: 5.0)


def add(connection: sa.Connection, state: JobState, *, lane: str = "") -> str:
    new = new_job(Made(lane=lane))
    connection.execute(schema.jobs.insert(), new_row(new, state=state, accepted=NOW))
    return new.id


def moved(batch: Batch, job: str, state: JobState, *, attempt: int = 1) -> Entry:
    batch.load([job])
    entry = batch.find(job)
    assert entry is not None
    batch.put(entry, replace(entry.job, state=state, attempt=attempt, runner="r"), until=9.0)
    return entry


def states(connection: sa.Connection) -> list[str]:
    return list(connection.scalars(sa.select(schema.jobs.c.state).order_by(schema.jobs.c.sequence)))


def counted(connection: sa.Connection) -> dict[str, int]:
    row = connection.execute(sa.select(schema.backlog)).one_or_none()
    return {name: row._mapping[name] for name in schema.COUNTED if row._mapping[name]} if row else {}


@pytest.mark.parametrize(("many", "lengths"), [(0, []), (3, [3]), (4, [3, 1]), (6, [3, 3])])
def test_chunks(many: int, lengths: list[int]) -> None:
    found = list(chunks(iter(range(many)), 3))
    assert [len(some) for some in found] == lengths
    assert [value for some in found for value in some] == list(range(many))


def test_more_jobs_than_one_question_may_name(connection: sa.Connection) -> None:
    ids = [add(connection, JobState.QUEUED) for _ in range(501)]
    batch = begun(connection)
    batch.load([*ids, "no-such"])
    assert all(batch.find(name) for name in ids)
    assert batch.find("no-such") is None


def test_what_is_changed_is_written_with_flush_and_not_before(connection: sa.Connection) -> None:
    job, other = add(connection, JobState.QUEUED), add(connection, JobState.QUEUED)
    batch = begun(connection)
    batch.load([other])
    entry = moved(batch, job, JobState.LEASED)
    assert states(connection) == ["queued", "queued"]
    batch.flush()
    assert states(connection) == ["leased", "queued"]
    row = connection.execute(sa.select(schema.jobs).where(schema.jobs.c.id == job)).one()
    assert (load_job(row), row.lease_until, entry.changed) == (entry.job, 9.0, False)


def test_what_was_read_before_counts_more_than_the_row(connection: sa.Connection) -> None:
    job = add(connection, JobState.QUEUED)
    batch = begun(connection)
    entry = moved(batch, job, JobState.LEASED)
    batch.load([job])
    assert batch.entry(connection.execute(sa.select(schema.jobs)).one()) is entry
    assert entry.job.state is JobState.LEASED


def test_a_lease_counts_while_it_is_the_current_attempt_s(connection: sa.Connection) -> None:
    job = add(connection, JobState.QUEUED)
    batch = begun(connection)
    lease = Lease(job=job, attempt=2, runner="r")
    assert batch.held(lease) is None
    for state, attempt, counts in [
        (JobState.LEASED, 2, True),
        (JobState.COMMITTED, 2, True),
        (JobState.LEASED, 3, False),
        (JobState.UNPUBLISHED, 2, False),
        (JobState.PUBLISHED, 2, False),
    ]:
        entry = moved(batch, job, state, attempt=attempt)
        assert batch.held(lease) is (entry if counts else None)


def test_the_next_of_a_lane_moves_up_when_the_first_ends(connection: sa.Connection) -> None:
    first, *_ = [add(connection, state, lane="l") for state in (JobState.QUEUED, JobState.WAITING, JobState.WAITING)]
    add(connection, JobState.WAITING, lane="other")
    batch = begun(connection)
    moved(batch, first, JobState.LEASED)
    batch.flush()
    assert states(connection) == ["leased", "waiting", "waiting", "waiting"]
    moved(batch, first, JobState.PUBLISHED)
    batch.flush()
    assert states(connection) == ["published", "queued", "waiting", "waiting"]


def test_a_lane_comes_free_with_the_end_of_its_one_job_that_does_not_wait(connection: sa.Connection) -> None:
    """That job need not be the first: one that is run again keeps its place before it."""
    waiting = [add(connection, JobState.WAITING, lane="l")]
    running = add(connection, JobState.LEASED, lane="l")
    waiting += [add(connection, JobState.WAITING, lane="l")]
    batch = begun(connection)
    moved(batch, waiting[1], JobState.CANCELLED)
    batch.flush()
    assert states(connection) == ["waiting", "leased", "cancelled"]
    moved(batch, running, JobState.PUBLISHED)
    batch.flush()
    assert states(connection) == ["queued", "published", "cancelled"]


def test_dead_letters_are_counted_and_other_ends_are_not(connection: sa.Connection) -> None:
    jobs = [add(connection, JobState.QUEUED) for _ in range(4)]
    batch = begun(connection)
    for job, state in zip(jobs, (JobState.FAILED, JobState.DEAD, JobState.DEAD, JobState.PUBLISHED), strict=True):
        moved(batch, job, state)
    batch.finish()
    assert counted(connection) == {"queued": -4, "failed": 1, "dead": 2}  # they were put there without being counted


def test_shelves_are_counted_once_at_the_end(connection: sa.Connection) -> None:
    jobs = [add(connection, JobState.QUEUED) for _ in range(3)]
    connection.execute(
        schema.backlog.insert(),
        {"service": "reader", "incarnation": "life-1", "queued": 3, "waiting": 0, "running": 0, "unpublished": 0},
    )
    batch = begun(connection)
    for job in jobs:
        moved(batch, job, JobState.LEASED)
    moved(batch, jobs[0], JobState.PUBLISHED)
    moved(batch, jobs[1], JobState.UNPUBLISHED)
    assert counted(connection) == {"queued": 3}
    batch.finish()
    assert counted(connection) == {"running": 1, "unpublished": 1}


def test_a_dropped_job_is_forgotten(connection: sa.Connection) -> None:
    job = add(connection, JobState.QUEUED)
    batch = begun(connection)
    batch.drop(moved(batch, job, JobState.LEASED))
    batch.flush()
    assert batch.find(job) is None
    assert states(connection) == ["queued"]


def test_the_lease_clock_is_read_once(connection: sa.Connection) -> None:
    ticks = iter([5.0, 6.0])
    batch = Batch(connection, now=NOW, lease_clock=lambda: next(ticks))
    assert (batch.lease_now, batch.lease_now) == (5.0, 5.0)
    assert not batch.on_postgresql
