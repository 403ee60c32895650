"""Values to rows and back: whatever was put into a row of the real tables comes out of it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from statuette.adapters.ledger_sql import schema
from statuette.adapters.ledger_sql.codec import (
    dump_json,
    dump_manifest,
    dump_usage,
    load_attempt,
    load_job,
    load_manifest,
    load_names,
    load_usage,
    moving_row,
    new_row,
)
from statuette.events.event import Event, EventKind
from statuette.events.jobs import Job, JobState, NewJob, Outcome, Retries, Stage, Usage
from statuette.events.leases import Manifest, ManifestEntry
from statuette.events.objects import ObjectRef, ObjectVersion

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
times = st.floats(0, 4e9)
counts = st.integers(0, 2**53)
versions = st.builds(ObjectVersion, etag=words, size=counts, modified=counts, version_id=words)
refs = st.builds(ObjectRef, bucket=words, key=words, provider=words, version=st.none() | versions)
events = st.builds(
    Event,
    kind=st.sampled_from(EventKind),
    time=words,
    object=st.none() | refs,
    principal=words,
    inferred=st.booleans(),
    variables=st.dictionaries(words, words, max_size=2),
    document=words,
    payload=st.binary(max_size=9),
    commit=words,
)
stages = st.dictionaries(st.sampled_from(Stage), times, max_size=3)
retries = st.builds(
    Retries,
    script=counts,
    runner=counts,
    delay=times,
    max_delay=times,
    max_age=times,
    final=st.lists(st.integers(1, 255), max_size=3).map(tuple),
)
new_jobs = st.builds(
    NewJob,
    id=words,
    key=words,
    service=words,
    incarnation=words,
    event=events,
    principal=words,
    lane=words,
    priority=st.integers(-9, 9),
    body_hash=words,
    stages=stages,
    retries=retries,
    deadline=times,
)


@pytest.fixture(scope="module")
def connection() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    schema.metadata.create_all(engine)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def kept(
    connection: sa.Connection, table: sa.Table, *, first: dict[str, Any], then: dict[str, Any] | None = None
) -> Any:
    """The row as the database gives it back; nothing stays."""
    connection.rollback()
    connection.execute(table.insert(), first)
    if then is not None:
        values = {name: value for name, value in then.items() if name != "row"}
        connection.execute(table.update().values(values))
    row = connection.execute(sa.select(table)).one()
    connection.rollback()
    return row


@settings(max_examples=40, deadline=None)
@given(new=new_jobs, state=st.sampled_from([JobState.QUEUED, JobState.WAITING]), at=times)
def test_a_new_job_comes_back(connection: sa.Connection, new: NewJob, state: JobState, at: float) -> None:
    row = kept(connection, schema.jobs, first=new_row(new, state=state, accepted=at))
    job = load_job(row)
    for name in ("id", "key", "service", "incarnation", "event", "principal", "lane", "priority", "body_hash"):
        assert getattr(job, name) == getattr(new, name), name
    assert (job.stages, job.retries, job.deadline) == (new.stages, new.retries, new.deadline)
    assert (job.state, job.accepted, job.revived, job.cancelling) == (state, at, 0.0, "")
    assert (job.attempt, job.generation, job.commit, job.ended, job.reason) == (0, 0, "", None, "")


moves = st.fixed_dictionaries(
    {
        "state": st.sampled_from(JobState),
        "attempt": counts,
        "faults": st.dictionaries(st.sampled_from(Outcome), counts, max_size=3),
        "generation": counts,
        "commit": words,
        "not_before": times,
        "ended": st.none() | times,
        "reason": words,
        "exit_code": st.none() | st.integers(-9, 255),
        "runner": words,
        "stages": stages,
        "revived": times,
        "cancelling": words,
    }
)


@settings(max_examples=40, deadline=None)
@given(new=new_jobs, move=moves, until=st.none() | times, now=times)
def test_a_job_that_moved_comes_back(
    connection: sa.Connection, new: NewJob, move: dict[str, Any], until: float | None, now: float
) -> None:
    first = new_row(new, state=JobState.QUEUED, accepted=1.0)
    moved = replace(load_job(kept(connection, schema.jobs, first=first)), **move)
    row = kept(connection, schema.jobs, first=first, then=moving_row(moved, until=until, now=now))
    assert replace(load_job(row), sequence=0) == replace(moved, sequence=0)
    assert row.lease_until == until


def job(**more: Any) -> Job:
    values: dict[str, Any] = {"id": "j", "key": "k", "sequence": 3, "service": "ocr", "incarnation": "1"}
    values |= {"event": Event(kind=EventKind.RAW), "principal": "p", "state": JobState.QUEUED, "accepted": 1.0}
    return Job(**values | more)


@pytest.mark.parametrize(
    ("state", "not_before", "ready", "ripening", "shelf"),
    [
        (JobState.QUEUED, 0.0, "ocr", None, "queued"),
        (JobState.RETRYING, 10.0, "ocr", None, "queued"),
        (JobState.RETRYING, 10.1, None, "ocr", "queued"),
        (JobState.UNPUBLISHED, 0.0, "", None, "unpublished"),
        (JobState.UNPUBLISHED, 11.0, None, "", "unpublished"),
        (JobState.WAITING, 0.0, None, None, "waiting"),
        (JobState.LEASED, 0.0, None, None, "running"),
        (JobState.COMMITTED, 0.0, None, None, "running"),
        (JobState.PUBLISHED, 0.0, None, None, "published"),
        (JobState.DEAD, 0.0, None, None, "dead"),
    ],
)
def test_where_a_job_waits(
    state: JobState, not_before: float, ready: str | None, ripening: str | None, shelf: str
) -> None:
    row = moving_row(job(state=state, not_before=not_before), until=None, now=10.0)
    assert (row["row"], row["ready_line"], row["ripening_line"], row["shelf"]) == (3, ready, ripening, shelf)


def test_a_lane_is_open_until_its_job_is_final() -> None:
    lanes = {state: moving_row(job(state=state, lane="l"), until=None, now=0)["open_lane"] for state in JobState}
    final = {JobState.PUBLISHED, JobState.SUPERSEDED, JobState.FAILED, JobState.DEAD, JobState.CANCELLED}
    assert {state for state, lane in lanes.items() if lane is None} == final
    assert moving_row(job(lane=""), until=None, now=0)["open_lane"] is None


def test_defaults_take_no_room() -> None:
    new = NewJob(id="i", key="k", service="s", incarnation="1", event=Event(kind=EventKind.RAW), principal="p")
    row = new_row(new, state=JobState.QUEUED, accepted=1.0)
    assert orjson.loads(row["fixed"]) == [{"kind": "raw"}, {}]
    assert row["object"] is None
    assert "row" not in row
    assert len(orjson.loads(row["moving"])) == 5


def test_rows_of_before_there_were_deadlines_and_second_lives(connection: sa.Connection) -> None:
    """Their lists are shorter."""
    new = NewJob(id="i", key="k", service="s", incarnation="1", event=Event(kind=EventKind.RAW), principal="p")
    row = new_row(new, state=JobState.QUEUED, accepted=1.0)
    row |= {"fixed": b'[{"kind":"raw"},{"script":3}]', "moving": b'[{"seen":1.5},{"timed_out":1},"why",3,"r"]'}
    job = load_job(kept(connection, schema.jobs, first=row))
    assert (job.retries, job.deadline, job.revived, job.cancelling) == (Retries(script=3), 0.0, 0.0, "")
    assert (job.stages, job.faults, job.reason) == ({Stage.SEEN: 1.5}, {Outcome.TIMED_OUT: 1}, "why")


entries = st.builds(ManifestEntry, name=words, size=counts, sha256=words)


@settings(max_examples=40, deadline=None)
@given(
    st.builds(Manifest, entries=st.lists(entries, max_size=4).map(tuple), sealed=words, exit_code=st.integers(-9, 9))
)
def test_a_manifest_comes_back(manifest: Manifest) -> None:
    assert load_manifest(dump_manifest(manifest)) == manifest


@settings(max_examples=40, deadline=None)
@given(st.builds(Usage, cpu_seconds=times, memory_peak=counts))
def test_usage_comes_back(usage: Usage) -> None:
    assert load_usage(dump_usage(usage)) == usage


def test_names_and_keys_that_are_words_of_ours() -> None:
    assert load_names(dump_json(["b", "a", "ü\n"])) == ["b", "a", "ü\n"]
    assert orjson.loads(dump_json({Stage.SEEN: 1.5, Outcome.TIMED_OUT: 2})) == {"seen": 1.5, "timed_out": 2}


@pytest.mark.parametrize("outcome", [None, Outcome.TIMED_OUT])
def test_an_attempt_shows_its_job_s_stages_while_it_goes_on(connection: sa.Connection, outcome: Outcome | None) -> None:
    row = {"job": 3, "number": 2, "runner": "r", "leased": 1.0, "revision": 4, "script_hash": "cafe"}
    row |= {"outcome": outcome, "exit_code": 5, "reason": "why", "ended": 9.0}
    row |= {"stages": dump_json({Stage.ENDED: 8.0}), "usage": dump_usage(Usage(cpu_seconds=1.5, memory_peak=7))}
    attempt = load_attempt(kept(connection, schema.attempts, first=row), job(stages={Stage.SEEN: 1.0}))
    assert attempt.stages == ({Stage.SEEN: 1.0} if outcome is None else {Stage.ENDED: 8.0})
    assert (attempt.job, attempt.number, attempt.outcome, attempt.exit_code) == ("j", 2, outcome, 5)
    assert (attempt.revision, attempt.script_hash, attempt.usage.memory_peak) == (4, "cafe", 7)
