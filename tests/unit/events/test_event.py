"""The event's shape: what it is without being told, and that two events never share what they hold."""

import dataclasses

import pytest

from statuette.events.event import Event, EventKind
from statuette.events.objects import ObjectRef


def test_the_contract_s_classes() -> None:
    assert [kind.value for kind in EventKind] == ["storage", "onedata", "dcache", "rucio", "json", "raw"]


def test_two_events_share_no_variables() -> None:
    first, second = Event(kind=EventKind.RAW), Event(kind=EventKind.RAW)
    first.variables["CONT_VAR_A"] = "1"
    assert second.variables == {}


def test_an_event_is_not_changed_and_is_equal_by_what_it_says() -> None:
    event = Event(kind=EventKind.STORAGE, object=ObjectRef(bucket="b", key="k"))
    assert event == Event(kind=EventKind.STORAGE, object=ObjectRef(bucket="b", key="k", provider="minio.default"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.principal = "eve"  # type: ignore[misc]
    assert event != dataclasses.replace(event, inferred=True)
