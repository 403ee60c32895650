"""The judge: a history in which nothing is wrong, and each thing that can be."""

from dataclasses import replace

import pytest

from statuette.events.event import Event, EventKind
from statuette.events.jobs import Job, JobState
from statuette.events.leases import Commit, Manifest, ManifestEntry
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.torture.bucket import Stored
from statuette.torture.chain import Stage
from statuette.torture.history import History
from statuette.torture.judge import Evidence, judge
from statuette.torture.uploads import Journal

STAGES = (Stage("one", ("b/in",), ("b/mid",), entry=True), Stage("two", ("b/mid",), ("b/out",)))


def job(name, service, key, tag, state=JobState.PUBLISHED, *, sequence, commit="", of=""):
    ref = ObjectRef(bucket="b", key=key, version=ObjectVersion(etag=tag, size=1, modified=100))
    return Job(
        id=name, key=name, sequence=sequence, service=service, incarnation="i", principal="p", accepted=0.0,
        state=state, event=Event(kind=EventKind.STORAGE, object=ref, commit=of), commit=commit,
        generation=1 if commit else 0,
    )  # fmt: skip


def made(identifier, of, sha):
    return Commit(
        id=identifier, job=of, generation=1, manifest=Manifest(entries=(ManifestEntry(name="k", size=1, sha256=sha),))
    )


def stored(place, tag, commit="", sha=""):
    return Stored(place=place, etag=tag, size=1, modified=100, commit=commit, sha256=sha)


def good():
    """Key `k` was put twice; the first version was superseded in the second service."""
    jobs = [
        job("j1", "one", "in/k", "v1", sequence=1, commit="c1"),
        job("j2", "one", "in/k", "v2", sequence=2, commit="c2"),
        job("j3", "two", "mid/k", "m1", JobState.SUPERSEDED, sequence=3, of="c1.1"),
        job("j4", "two", "mid/k", "m2", sequence=4, commit="c4", of="c2.1"),
    ]
    commits = [made("c1", "j1", "s1"), made("c2", "j2", "s2"), made("c4", "j4", "s4")]
    mid, out = stored("b/mid/k", "m2", "c2.1", "s2"), stored("b/out/k", "o", "c4.1", "s4")
    return Evidence(
        stages=STAGES,
        history=History(jobs, commits, 0),
        journal=Journal(tried={"k": ["v1", "v2"]}, acknowledged={"k": ["v1", "v2"]}),
        inputs={"b/in": [stored("b/in/k", "v2")], "b/mid": [mid]},
        outputs={"b/mid": [mid], "b/out": [out]},
        expected={"b/out/k": "s4"},
    )


def with_jobs(evidence, *jobs):
    return replace(evidence, history=replace(evidence.history, jobs=list(jobs)))


def test_a_history_in_which_nothing_is_wrong():
    verdict = judge(good())
    assert (verdict.lost, verdict.duplicated, verdict.corrupted, verdict.unseen) == ([], [], [], 0)


@pytest.mark.parametrize("state", [JobState.RETRYING, JobState.COMMITTED, JobState.DEAD, JobState.FAILED])
def test_a_job_that_did_not_end_or_gave_up_is_lost(state):
    evidence = good()
    j1, j2, j3, j4 = evidence.history.jobs
    found = judge(with_jobs(evidence, j1, j2, j3, replace(j4, state=state, reason="why")))
    assert any("j4" in line and "why" in line for line in found.lost)


def test_a_last_version_without_a_job_is_lost():
    evidence = good()
    j1, _, j3, j4 = evidence.history.jobs
    assert any("b/in/k has no result of one" in line for line in judge(with_jobs(evidence, j1, j3, j4)).lost)


def test_an_older_version_that_nobody_saw_is_counted_and_not_judged():
    evidence = good()
    _, j2, _, j4 = evidence.history.jobs
    verdict = judge(with_jobs(evidence, j2, j4))
    assert (verdict.unseen, verdict.lost) == (1, [])


def test_an_acknowledged_object_that_is_gone_is_lost():
    verdict = judge(replace(good(), inputs={"b/in": [], "b/mid": []}))
    assert verdict.lost == ["b/in/k: the store has lost an acknowledged object"]


def test_two_published_jobs_of_one_version_are_a_duplicate():
    evidence = good()
    twice = replace(evidence.history.jobs[1], id="j9", key="j9", sequence=9)
    assert len(judge(with_jobs(evidence, *evidence.history.jobs, twice)).duplicated) == 2
    again = replace(evidence.history.jobs[3], id="j8", key="j8", sequence=8)
    assert any("two" in line for line in judge(with_jobs(evidence, *evidence.history.jobs, again)).duplicated)


@pytest.mark.parametrize(
    ("commit", "sha", "words"),
    [("c9.1", "s4", "no commit that counts"), ("", "s4", "missing"), ("c4.1", "other", "another content")],
)
def test_a_result_that_no_commit_has_is_corrupted(commit, sha, words):
    evidence = replace(good(), expected={})
    wrong = stored("b/out/k", "o", commit, sha)
    assert words in judge(replace(evidence, outputs={"b/out": [wrong]})).corrupted[0]


def test_an_older_result_over_a_newer_one_is_corrupted():
    evidence = good()
    old = stored("b/mid/k", "m1", "c1.1", "s1")
    found = judge(replace(evidence, outputs={**evidence.outputs, "b/mid": [old]}))
    assert found.corrupted == ["b/mid/k: an older result lies over a newer one"]


def test_a_result_that_does_not_follow_from_its_input_is_corrupted_and_a_missing_one_lost():
    evidence = replace(good(), expected={"b/out/k": "else", "b/out/l": "s"})
    verdict = judge(evidence)
    assert any("does not follow" in line or "is not what follows" in line for line in verdict.corrupted)
    assert "b/out/l is missing" in verdict.lost
