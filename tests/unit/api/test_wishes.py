"""What callers ask for in a body; every refusal names the field."""

import math

import pytest

from statuette.api import wishes
from statuette.core import Selection
from statuette.events.jobs import DEAD_LETTERS, JobState
from statuette.ports.errors import BadInput


def test_states_stand_between_commas():
    assert wishes.states("failed, dead") == DEAD_LETTERS
    assert wishes.states("") == wishes.states(",") == frozenset()
    with pytest.raises(BadInput, match=r'^state: "perhaps" is none of waiting, queued, '):
        wishes.states("failed,perhaps")
    assert wishes.states("published") == {JobState.PUBLISHED}


def test_jobs_are_named_or_all():
    assert wishes.job_list({"jobs": ["a", "b"]}) == ["a", "b"]
    assert wishes.job_list({"jobs": ["a"], "all": False}) == ["a"]
    assert wishes.job_list({"all": True}) is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "jobs"), ({"all": False}, "jobs"), ({"jobs": ["a"], "all": True}, "jobs"), ({"jobs": "a"}, "jobs"),
        ({"jobs": [1]}, "jobs"), ({"jobs": ["a\0"]}, "jobs"), ({"all": "yes"}, "all"), ({"job": ["a"]}, '"job"'),
    ],
)  # fmt: skip
def test_unclear_jobs_are_refused(body, field):
    with pytest.raises(BadInput, match=f"^{field}: "):
        wishes.job_list(body)


def test_an_empty_selection_is_everything():
    assert wishes.selection({}) == Selection(prefix="", since=0.0, until=math.inf, keys=None)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1970-01-01T00:00:10Z", 10.0), ("1970-01-01T01:00:10.5+01:00", 10.5), (10, 10.0), (10.5, 10.5),
        ("10", 10.0), ("1e1", 10.0),
    ],
)  # fmt: skip
def test_moments_are_rfc_3339_or_seconds(value, seconds):
    assert wishes.selection({"since": value}).since == seconds
    assert wishes.selection({"until": value}).until == seconds


@pytest.mark.parametrize(
    "value",
    ["", "soon", "2026-01-02", "2026-01-02T03:04:05", "nan", "inf", -1, "1e99", True, None, [], {}, 10**18],
)
def test_other_moments_name_the_field(value):
    for field in ("since", "until"):
        with pytest.raises(BadInput, match=f"^{field}: .* is neither RFC 3339"):
            wishes.selection({field: value})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"prefix": 1}, "prefix"), ({"keys": {}}, "keys"), ({"keys": ["a", None]}, "keys"), ({"what": 1}, '"what"'),
        ({"since": 5, "until": 5}, "until"), ({"keys": [], "after": "x"}, "keys"), ({"keys": [], "limit": 1}, "keys"),
    ],
)  # fmt: skip
def test_unclear_selections_name_the_field(body, field):
    with pytest.raises(BadInput, match=f"^{field}: "):
        wishes.selection(body)


@pytest.mark.parametrize("value", [-1, 1.5, "1", True, 10**9, None])
def test_no_whole_numbers(value):
    with pytest.raises(BadInput, match=r"^limit: "):
        wishes.whole({"limit": value}, "limit")
    assert wishes.whole({}, "limit") == 0


def test_neither_true_nor_false():
    with pytest.raises(BadInput, match=r"^dry_run: 1 is neither"):
        wishes.truth({"dry_run": 1}, "dry_run")
    assert wishes.truth({"dry_run": True}, "dry_run")
