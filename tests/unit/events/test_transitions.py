"""How a job's state moves: every step, every refusal, and the three counters."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuette.events.event import Event, EventKind
from statuette.events.jobs import (
    DEAD_LETTERS,
    FINAL,
    LEASABLE,
    RUNNING,
    Job,
    JobState,
    NewJob,
    Outcome,
    Retries,
    Stage,
    wire_status,
)
from statuette.events.leases import Report
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.events.transitions import (
    IllegalTransition,
    backoff,
    cancelled,
    committed,
    ended,
    jitter,
    leased,
    missed,
    orphaned,
    outdated,
    overdue,
    promoted,
    resumed,
    revived,
    shortened,
    started,
    stopping,
    supersedable,
    superseded,
)

NOW = 1000.0


def job(state=JobState.QUEUED, **fields):
    base = Job(
        id="s-1",
        key="k",
        sequence=1,
        service="s",
        incarnation="i",
        event=Event(kind=EventKind.RAW),
        principal="p",
        state=state,
        accepted=NOW - 100,
    )
    return replace(base, **fields)


def end(outcome, *, of=None, **report):
    return ended(of or job(JobState.STARTED, attempt=1), Report(outcome=outcome, **report), now=NOW)


def test_the_whole_way():
    way = job(stages={Stage.STORED: 1.0, Stage.SEEN: 2.0})
    way = leased(way, runner="r", now=NOW)
    assert (way.state, way.attempt, way.runner, way.stages[Stage.LEASED]) == (JobState.LEASED, 1, "r", NOW)
    way = started(way, at=NOW + 1)
    way = committed(way, commit="c", now=NOW + 2)
    assert (way.state, way.generation, way.commit) == (JobState.COMMITTED, 1, "c")
    way = ended(way, Report(outcome=Outcome.PUBLISHED, exit_code=0, stages={Stage.ENDED: NOW + 1.5}), now=NOW + 3)
    assert (way.state, way.ended, way.exit_code) == (JobState.PUBLISHED, NOW + 3, 0)
    assert list(way.stages) == [
        Stage.STORED, Stage.SEEN, Stage.LEASED, Stage.STARTED, Stage.COMMITTED, Stage.ENDED, Stage.PUBLISHED,
    ]  # fmt: skip


@pytest.mark.parametrize("state", JobState)
def test_only_queued_and_due_jobs_are_leased(state):
    if state in LEASABLE:
        assert leased(job(state, not_before=NOW), runner="r", now=NOW).state is JobState.LEASED
        with pytest.raises(IllegalTransition):
            leased(job(state, not_before=NOW + 1), runner="r", now=NOW)
    else:
        with pytest.raises(IllegalTransition):
            leased(job(state), runner="r", now=NOW)


def test_a_further_attempt_forgets_how_the_last_one_went():
    again = leased(
        job(JobState.RETRYING, attempt=3, reason="x", exit_code=2, stages={Stage.SEEN: 1.0, Stage.ENDED: 2.0}),
        runner="r",
        now=NOW,
    )
    assert (again.attempt, again.reason, again.exit_code) == (4, "", None)
    assert again.stages == {Stage.SEEN: 1.0, Stage.LEASED: NOW}


@pytest.mark.parametrize("state", set(JobState) - {JobState.LEASED})
def test_starting_changes_nothing_that_is_further(state):
    assert started(job(state), at=NOW) == job(state)


@pytest.mark.parametrize("state", JobState)
def test_only_what_runs_is_committed(state):
    if state in (JobState.LEASED, JobState.STARTED):
        assert committed(job(state, generation=1), commit="c2", now=NOW).generation == 2
    else:
        with pytest.raises(IllegalTransition):
            committed(job(state), commit="c", now=NOW)


@pytest.mark.parametrize("state", set(JobState) - RUNNING)
def test_only_attempts_end(state):
    with pytest.raises(IllegalTransition):
        end(Outcome.PUBLISHED, of=job(state))


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.PUBLISHED, JobState.PUBLISHED),
        (Outcome.SUPERSEDED, JobState.SUPERSEDED),
        (Outcome.CANCELLED, JobState.CANCELLED),
        (Outcome.SCRIPT_FAILED, JobState.FAILED),
        (Outcome.TIMED_OUT, JobState.FAILED),
        (Outcome.BAD_OUTPUT, JobState.FAILED),
        (Outcome.RUNNER_DIED, JobState.RETRYING),
        (Outcome.OUT_OF_MEMORY, JobState.RETRYING),
        (Outcome.PLATFORM_FAULT, JobState.RETRYING),
        (Outcome.UNPUBLISHED, JobState.UNPUBLISHED),
        (Outcome.RETURNED, JobState.QUEUED),
    ],
)
def test_where_each_outcome_leads(outcome, state):
    after = end(outcome, reason="why", exit_code=3)
    assert (after.state, after.reason, after.exit_code, after.faults) == (state, "why", 3, {outcome: 1})
    assert (after.ended is not None) is (state in FINAL)


def times_until(final, outcome, retries):
    """How many attempts end before the job is given up."""
    current, count = job(JobState.STARTED, retries=retries), 0
    while current.state is not final:
        current = ended(replace(current, state=JobState.STARTED), Report(outcome=outcome), now=NOW)
        count += 1
        assert count < 50
    return count


@pytest.mark.parametrize("limit", [0, 1, 5])
def test_each_counter_has_its_own_limit(limit):
    assert times_until(JobState.FAILED, Outcome.SCRIPT_FAILED, Retries(script=limit)) == limit + 1
    assert times_until(JobState.DEAD, Outcome.RUNNER_DIED, Retries(runner=limit)) == limit + 1


def test_counters_do_not_mix_but_kinds_of_one_do():
    died = job(JobState.STARTED, faults={Outcome.RUNNER_DIED: 1, Outcome.PLATFORM_FAULT: 9}, retries=Retries(script=1))
    assert end(Outcome.SCRIPT_FAILED, of=died).state is JobState.RETRYING
    assert end(Outcome.OUT_OF_MEMORY, of=died).state is JobState.RETRYING
    assert end(Outcome.OUT_OF_MEMORY, of=replace(died, faults={Outcome.RUNNER_DIED: 2})).state is JobState.DEAD


@pytest.mark.parametrize(("age", "state"), [(0, JobState.RETRYING), (100, JobState.RETRYING), (99, JobState.DEAD)])
def test_platform_faults_give_up_by_age_alone(age, state):
    old = job(JobState.STARTED, faults={Outcome.PLATFORM_FAULT: 1000}, retries=Retries(max_age=age))
    assert end(Outcome.PLATFORM_FAULT, of=old).state is state


def test_a_returned_job_is_due_at_once():
    after = end(Outcome.RETURNED, of=job(JobState.LEASED, runner="r", not_before=5.0))
    assert (after.runner, after.not_before) == ("", 0.0)


def test_an_upload_is_taken_up_under_a_new_token():
    after = resumed(job(JobState.UNPUBLISHED, attempt=2, not_before=NOW), runner="r2", now=NOW)
    assert (after.state, after.attempt, after.runner) == (JobState.COMMITTED, 3, "r2")
    for bad in (job(JobState.UNPUBLISHED, not_before=NOW + 1), job(JobState.COMMITTED), job()):
        with pytest.raises(IllegalTransition):
            resumed(bad, runner="r", now=NOW)


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (JobState.COMMITTED, JobState.UNPUBLISHED),
        (JobState.LEASED, JobState.RETRYING),
        (JobState.STARTED, JobState.RETRYING),
    ],
)
def test_orphans_go_on_from_where_they_were(state, after):
    assert orphaned(job(state, commit="c", generation=1), now=NOW).state is after


def test_a_wait_is_never_longer_than_the_faults_ask_for():
    rules = Retries(delay=2.0, max_delay=300.0)
    late = job(JobState.RETRYING, not_before=NOW + 86_400, retries=rules, faults={Outcome.PLATFORM_FAULT: 3})
    assert shortened(late, now=NOW).not_before == NOW + 8
    due = job(JobState.RETRYING, not_before=NOW + 7, retries=rules, faults={Outcome.PLATFORM_FAULT: 3})
    assert shortened(due, now=NOW) is due


def test_waiting_jobs_are_promoted_and_no_others():
    assert promoted(job(JobState.WAITING)).state is JobState.QUEUED
    with pytest.raises(IllegalTransition):
        promoted(job())


@pytest.mark.parametrize("state", JobState)
def test_only_what_nobody_runs_is_withdrawn(state):
    if state in RUNNING | FINAL:
        with pytest.raises(IllegalTransition):
            cancelled(job(state), now=NOW, reason="r")
    else:
        after = cancelled(job(state), now=NOW, reason="r")
        assert (after.state, after.reason, after.ended) == (JobState.CANCELLED, "r", NOW)


@pytest.mark.parametrize(("code", "state"), [(64, JobState.FAILED), (1, JobState.RETRYING), (None, JobState.RETRYING)])
def test_a_final_exit_code_is_not_tried_again(code, state):
    sent = job(JobState.STARTED, retries=Retries(script=5, final=(64, 65)))
    assert end(Outcome.SCRIPT_FAILED, of=sent, exit_code=code).state is state


def test_only_a_script_s_own_code_is_final():
    killed = job(JobState.STARTED, retries=Retries(script=5, final=(137,)))
    assert end(Outcome.TIMED_OUT, of=killed, exit_code=137).state is JobState.RETRYING


@pytest.mark.parametrize(
    "outcome", [Outcome.SCRIPT_FAILED, Outcome.OUT_OF_MEMORY, Outcome.PLATFORM_FAULT, Outcome.UNPUBLISHED]
)
def test_no_fault_of_any_kind_is_tried_again_past_the_highest_age(outcome):
    old = job(JobState.STARTED, retries=Retries(script=5, runner=5, max_age=99))
    assert end(outcome, of=old).state in DEAD_LETTERS
    assert end(outcome, of=replace(old, revived=NOW - 99)).state not in FINAL


@pytest.mark.parametrize(
    ("fields", "is_overdue"),
    [
        ({}, False),
        ({"deadline": NOW}, False),
        ({"deadline": NOW - 1}, True),
        ({"deadline": NOW - 1, "attempt": 1}, False),
        ({"deadline": NOW - 1, "revived": NOW - 5}, False),
    ],
)
def test_overdue_is_what_nobody_began_in_time(fields, is_overdue):
    assert overdue(job(**fields), now=NOW) is is_overdue


@pytest.mark.parametrize("state", JobState)
def test_an_overdue_job_is_given_up_unless_somebody_has_it(state):
    if state in LEASABLE:
        after = missed(job(state, deadline=NOW - 1, not_before=5.0), now=NOW)
        assert (after.state, after.ended, after.not_before) == (JobState.DEAD, NOW, 0.0)
        assert "deadline" in after.reason
    else:
        with pytest.raises(IllegalTransition):
            missed(job(state, deadline=NOW - 1), now=NOW)


def test_what_is_in_time_is_not_given_up():
    with pytest.raises(IllegalTransition):
        missed(job(deadline=NOW), now=NOW)


@pytest.mark.parametrize("state", JobState)
def test_a_newer_version_takes_the_place_of_what_nobody_began(state):
    if state in LEASABLE | {JobState.WAITING}:
        after = superseded(job(state), now=NOW)
        assert (after.state, after.ended) == (JobState.SUPERSEDED, NOW)
        assert not supersedable(job(state, generation=1))
    else:
        with pytest.raises(IllegalTransition):
            superseded(job(state), now=NOW)


def of_version(modified):
    version = ObjectVersion(etag="e", size=1, modified=modified) if modified is not None else None
    return Event(kind=EventKind.STORAGE, object=ObjectRef(bucket="b", key="k", version=version))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [(5, 6, True), (5, 5, False), (6, 5, False), (None, 5, False), (5, None, False), (None, None, False)],
)
def test_only_an_older_version_is_outdated(old, new, expected):
    by = NewJob(id="n", key="n", service="s", incarnation="i", event=of_version(new), principal="p")
    assert outdated(job(event=of_version(old)), by=by) is expected
    assert not outdated(job(event=of_version(old)), by=replace(by, supersede=False))
    assert not outdated(job(JobState.STARTED, event=of_version(old)), by=by)


@pytest.mark.parametrize("state", JobState)
def test_only_dead_letters_and_cancelled_jobs_run_again(state):
    gone = job(state, faults={Outcome.RUNNER_DIED: 3}, ended=NOW, exit_code=3, reason="x", attempt=3, generation=1)
    gone = replace(gone, runner="r", not_before=9.0, cancelling="why", deadline=1.0)
    if state not in DEAD_LETTERS | {JobState.CANCELLED}:
        with pytest.raises(IllegalTransition):
            revived(gone, waits=False, now=NOW)
        return
    after = revived(gone, waits=False, now=NOW)
    assert (after.state, after.faults, after.revived, after.ended) == (JobState.QUEUED, {}, NOW, None)
    assert (after.reason, after.exit_code, after.runner, after.cancelling) == ("", None, "", "")
    assert (after.attempt, after.generation, after.not_before) == (3, 1, 0.0)
    assert not overdue(after, now=NOW)
    assert revived(gone, waits=True, now=NOW).state is JobState.WAITING


@pytest.mark.parametrize("state", JobState)
def test_only_a_run_is_asked_to_end(state):
    if state in (JobState.LEASED, JobState.STARTED):
        assert stopping(job(state), reason="enough") == job(state, cancelling="enough")
    else:
        with pytest.raises(IllegalTransition):
            stopping(job(state), reason="enough")


@pytest.mark.parametrize("outcome", [Outcome.SCRIPT_FAILED, Outcome.RUNNER_DIED, Outcome.RETURNED])
def test_a_run_that_was_to_end_is_cancelled_however_it_ends(outcome):
    after = end(outcome, of=job(JobState.STARTED, cancelling="enough", retries=Retries(script=5)))
    assert (after.state, after.reason, after.ended) == (JobState.CANCELLED, "enough", NOW)
    assert orphaned(job(JobState.LEASED, cancelling="enough"), now=NOW).state is JobState.CANCELLED


def test_outputs_that_count_already_are_published_though_the_run_was_to_end():
    late = job(JobState.COMMITTED, cancelling="enough", generation=1)
    assert end(Outcome.PUBLISHED, of=late).state is JobState.PUBLISHED
    assert end(Outcome.UNPUBLISHED, of=late).state is JobState.UNPUBLISHED
    assert end(Outcome.PUBLISHED, of=job(JobState.STARTED, cancelling="enough")).state is JobState.PUBLISHED


@given(st.text(max_size=40), st.integers(1, 100))
def test_jitter_shortens_by_half_at_most_and_always_by_the_same(name, faults):
    assert 0.5 <= jitter(name, faults) < 1
    assert jitter(name, faults) == jitter(name, faults)


def test_jobs_that_failed_together_do_not_come_back_together():
    retries = Retries(script=1, delay=8.0)
    waits = {
        ended(job(JobState.STARTED, id=f"s-{n}", retries=retries), Report(outcome=Outcome.SCRIPT_FAILED), now=NOW)
        .not_before
        - NOW
        for n in range(50)
    }  # fmt: skip
    assert len(waits) == 50
    assert all(4 <= wait < 8 for wait in waits)


@given(st.integers(1, 10_000), st.floats(0.001, 60), st.floats(60, 3600))
def test_waits_grow_and_stay_bounded(faults, delay, most):
    retries = Retries(delay=delay, max_delay=most)
    assert delay <= backoff(retries, faults) <= backoff(retries, faults + 1) <= most


def test_every_state_has_a_word_on_the_wire():
    words = {state: wire_status(state) for state in JobState}
    assert set(words.values()) == {"Pending", "Running", "Succeeded", "Failed"}
    assert {words[state] for state in RUNNING} == {"Running"}
    assert {words[state] for state in FINAL} == {"Succeeded", "Failed"}


def test_the_last_word_about_a_cancelled_run_says_who_wanted_it():
    after = end(Outcome.CANCELLED, of=job(JobState.STARTED, attempt=1, cancelling="on request"), reason="cancelled")
    assert (after.state, after.reason) == (JobState.CANCELLED, "on request")
    assert end(Outcome.CANCELLED, reason="cancelled").reason == "cancelled"


def test_what_is_committed_is_cancelled_no_more():
    assert committed(job(JobState.STARTED, attempt=1, cancelling="on request"), commit="c", now=NOW).cancelling == ""


@pytest.mark.parametrize(("outcome", "most"), [(Outcome.PLATFORM_FAULT, 30.0), (Outcome.RUNNER_DIED, 300.0)])
def test_faults_of_the_platform_never_make_a_job_wait_for_minutes(outcome, most):
    many = job(JobState.STARTED, attempt=21, faults={outcome: 20}, retries=Retries(runner=100))
    waits = end(outcome, of=many).not_before - NOW
    assert most / 2 <= waits <= most
