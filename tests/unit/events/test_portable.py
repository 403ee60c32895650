"""Events as JSON-able values and back, without loss."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuette.events.event import Event, EventKind
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.events.portable import dump_event, load_event

TEXT = st.text(st.characters(codec="utf-8"), max_size=10)
VERSIONS = st.builds(
    ObjectVersion, etag=TEXT, size=st.integers(0, 2**60), modified=st.integers(0, 2**40), version_id=TEXT
)
EVENTS = st.builds(
    Event,
    kind=st.sampled_from(EventKind),
    time=TEXT,
    object=st.none() | st.builds(ObjectRef, bucket=TEXT, key=TEXT, provider=TEXT, version=st.none() | VERSIONS),
    principal=TEXT,
    inferred=st.booleans(),
    source_ip=TEXT,
    variables=st.dictionaries(TEXT, TEXT, max_size=3),
    document=TEXT,
    payload=st.binary(max_size=50),
    payload_file=TEXT,
    commit=TEXT,
    delegated_by=TEXT,
)


@given(EVENTS)
def test_nothing_is_lost(event):
    assert load_event(json.loads(json.dumps(dump_event(event)))) == event


def test_defaults_are_left_out():
    assert dump_event(Event(kind=EventKind.RAW)) == {"kind": "raw"}
    assert dump_event(Event(kind=EventKind.JSON, payload=b"{}")) == {"kind": "json", "payload": "e30="}


def test_fields_of_a_later_version_are_ignored():
    assert load_event({"kind": "raw", "mood": "fine"}) == Event(kind=EventKind.RAW)


@pytest.mark.parametrize(
    "data", [{}, {"kind": "other"}, {"kind": "raw", "payload": "x"}, {"kind": "raw", "object": {}}]
)
def test_other_values_are_refused(data):
    with pytest.raises((ValueError, KeyError, TypeError)):
        load_event(data)
