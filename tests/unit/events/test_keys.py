"""Keys: the same work the same key, other work another, none of unbounded length."""

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuette.events.keys import commit_identity, lane, new_job_id, object_job_key, replay_key, submission_key
from statuette.events.objects import ObjectVersion

TEXT = st.text(max_size=20)


def key(feed="f", bucket="b", name="k", identity="e:1"):
    return object_job_key(feed, bucket=bucket, key=name, identity=identity)


@pytest.mark.parametrize("change", [{"feed": "g"}, {"bucket": "c"}, {"name": "l"}, {"identity": "e:2"}])
def test_every_part_counts(change):
    assert key() == key()
    assert key(**change) != key()


@given(st.tuples(TEXT, TEXT, TEXT), st.tuples(TEXT, TEXT, TEXT))
def test_parts_do_not_run_together(one, other):
    assert (submission_key(*one) == submission_key(*other)) is (one == other)
    first, second = (lane(incarnation, bucket=bucket, key=name) for incarnation, bucket, name in (one, other))
    assert (first == second) is (one == other)


def test_kinds_of_keys_never_meet():
    others = [submission_key("f", "b", "k"), lane("f", bucket="b", key="k"), replay_key("f", "r", bucket="b", key="k")]
    assert len({made[:2] for made in [key(), *others]}) == 4


def test_one_replay_has_one_key_for_an_object_and_another_replay_another():
    first = replay_key("life", "one", bucket="b", key="k")
    assert first == replay_key("life", "one", bucket="b", key="k")
    for other in (("life", "two", "k"), ("another", "one", "k"), ("life", "one", "l")):
        assert replay_key(other[0], other[1], bucket="b", key=other[2]) != first


@given(st.text(max_size=2000))
def test_keys_are_short_whatever_goes_in(text):
    for made in (key(name=text, identity=text), submission_key(text, text, text), lane(text, bucket=text, key=text)):
        assert re.fullmatch(r"[osl]:[0-9a-f]{64}", made)


def test_a_commit_is_no_version():
    version = ObjectVersion(etag="e", size=1, modified=2, version_id="x")
    assert commit_identity("x") != version.identity
    assert key(identity=commit_identity("x")) != key(identity=version.identity)


@pytest.mark.parametrize(
    ("service", "start"),
    [
        ("hello", "hello"),
        ("a" * 24, "a" * 24),
        ("a" * 25, "a" * 16),
        ("ab-" * 13, "ab-ab-ab-ab-ab-a"),
        ("a" * 15 + "-" + "b" * 20, "a" * 15),
    ],
)
def test_job_ids_begin_with_their_service(service, start):
    made = new_job_id(service)
    assert made[:-36] == f"{start}-"
    assert uuid.UUID(made[-36:]).version == 4
    assert len(made) <= 63
    assert made != new_job_id(service)
