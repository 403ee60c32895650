"""Events as JSON-able values, for who keeps them: nothing is lost, what has its default is left out."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from statuette.events.event import Event, EventKind
from statuette.events.objects import ObjectRef, ObjectVersion

_EMPTY = Event(kind=EventKind.RAW)


def dump_event(event: Event) -> dict[str, Any]:
    """The event as JSON-able values; `payload` is base64."""
    out: dict[str, Any] = {"kind": event.kind.value}
    for field in fields(event):
        value = getattr(event, field.name)
        if field.name != "kind" and value != getattr(_EMPTY, field.name):
            out[field.name] = value
    if event.object is not None:
        out["object"] = asdict(event.object)
    if event.payload:
        out["payload"] = b64encode(event.payload).decode()
    return out


def load_event(data: Mapping[str, Any]) -> Event:
    """The event that `dump_event` made these values of; unknown fields are ignored.

    Raises `ValueError`, `KeyError` or `TypeError` for values that it did not make.
    """
    known = {field.name for field in fields(Event)}
    values = {name: value for name, value in data.items() if name in known}
    values["kind"] = EventKind(data["kind"])
    if data.get("object") is not None:
        version = data["object"].get("version")
        values["object"] = ObjectRef(**{**data["object"], "version": ObjectVersion(**version) if version else None})
    values["payload"] = b64decode(data.get("payload", ""))
    return Event(**values)
