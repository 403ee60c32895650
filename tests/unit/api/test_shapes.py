"""Jobs on the wire."""

from statuette.api.shapes import job_description, job_list, replay_answer, settled_answer, sweep_answer
from statuette.core import JobDetails, Replayed, Settled, SweepCount
from statuette.events.event import Event, EventKind
from statuette.events.jobs import Attempt, Job, JobState, Outcome, Stage, wire_status
from statuette.events.objects import ObjectRef
from statuette.ports.jobs import JobPage


def job(state: JobState = JobState.QUEUED, **more) -> Job:
    known = {"id": "j-1", "key": "k", "sequence": 1, "service": "s", "incarnation": "i", "principal": "p"}
    event = Event(kind=EventKind.STORAGE, object=ObjectRef(bucket="in", key="a b/ü"))
    return Job(**{**known, "event": event, "state": state, "accepted": 1.999999, **more})


def listed(one: Job) -> dict:
    return job_list(JobPage(jobs=(one,))).model_dump(mode="json", exclude_none=True)["jobs"]["j-1"]


def test_fresh_job_has_no_absent_values():
    assert listed(job()) == {
        "status": "Pending", "creation_time": "1970-01-01T00:00:01Z", "state": "queued", "attempts": 0,
        "object": "in/a b/ü", "stages": {},
    }  # fmt: skip


def test_ended_job_has_all():
    stages = {Stage.ENDED: 3.5, Stage.LEASED: 2.0, Stage.STARTED: 2.25}
    found = listed(job(JobState.FAILED, ended=4.0, exit_code=0, reason="why", attempt=2, stages=stages))
    assert (found["start_time"], found["finish_time"]) == ("1970-01-01T00:00:02Z", "1970-01-01T00:00:04Z")
    assert (found["exit_code"], found["reason"], found["attempts"]) == (0, "why", 2)
    assert list(found["stages"].items()) == [
        ("leased", "1970-01-01T00:00:02.000000Z"),
        ("started", "1970-01-01T00:00:02.250000Z"),
        ("ended", "1970-01-01T00:00:03.500000Z"),
    ]


def test_every_state_has_the_contracts_word_beside_it():
    for state in JobState:
        found = listed(job(state))
        assert (found["status"], found["state"]) == (wire_status(state), state.value)


def test_next_page_only_where_there_is_one():
    assert job_list(JobPage(jobs=(), next="t")).next_page == "t"
    assert job_list(JobPage(jobs=())).model_dump(exclude_none=True) == {"jobs": {}}


def test_description_lists_are_never_null():
    without = job(event=Event(kind=EventKind.RAW))
    found = job_description(JobDetails(without, (), ())).model_dump(mode="json", exclude_none=True)
    assert found == {"name": "j-1", "status": "Pending", "state": "queued", "attempts": [], "stages": {}, "outputs": []}


def test_description_of_an_attempt_under_way_and_one_that_ended():
    attempts = (
        Attempt(job="j-1", number=1, runner="r", leased=1.0, outcome=Outcome.RUNNER_DIED, reason="gone"),
        Attempt(job="j-1", number=2, runner="q", leased=2.0, revision=3),
    )
    found = job_description(JobDetails(job(), attempts, ((ObjectRef(bucket="out", key="k"), 7),)))
    first, second = found.model_dump(mode="json", exclude_none=True)["attempts"]
    assert (first["outcome"], first["reason"], first["number"]) == ("runner_died", "gone", 1)
    assert second == {
        "number": 2, "runner": "q", "revision": 3, "start_time": "1970-01-01T00:00:02Z", "stages": {},
        "usage": {"cpu_seconds": 0.0, "memory_peak": 0},
    }  # fmt: skip
    assert [(output.bucket, output.key, output.size) for output in found.outputs] == [("out", "k", 7)]


def test_a_run_that_is_to_end_says_why_until_it_has_ended():
    asked = job(JobState.STARTED, cancelling="on request")
    assert job_description(JobDetails(asked, (), ())).cancelling == "on request"
    over = job(JobState.CANCELLED, cancelling="on request", ended=2.0)
    assert job_description(JobDetails(over, (), ())).cancelling is None


def test_what_was_done_to_many_is_told():
    assert settled_answer(Settled(2, ("a",))).model_dump() == {"done": 2, "left": ["a"]}
    told = replay_answer(Replayed(replay="r", listed=3, matched=2, accepted=1, unknown=("x",)))
    assert told.model_dump(exclude_none=True) == {
        "replay": "r", "listed": 3, "matched": 2, "accepted": 1, "unknown": ["x"],
    }  # fmt: skip
    assert replay_answer(Replayed(replay="r", next="n")).next == "n"
    count = SweepCount(listed=4, recovered=3, forgotten=2, failed=1)
    assert list(sweep_answer(count).model_dump().values()) == [4, 3, 2, 1]
