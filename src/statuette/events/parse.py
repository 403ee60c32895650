"""A body that a caller or store sent, brought to events: the contract's classification, with its crashes repaired.

First match wins, as in the contract:

| body | becomes |
| --- | --- |
| object with `httpMethod` | its `body` classified again; the query is `CONT_VAR_<key>` |
| object with `event` and `subscription` | dCache |
| object with `event_type` and `payload.scope` | Rucio |
| object with `event` | that, classified again, for the provider named by `storage_provider` |
| object with `Records`, the first of a known source | one event for each record |
| any other JSON value but a string | `JSON`: the body's own text (not written anew) is the input |
| JSON string | its content: decoded when it is base64, else the body's text as `JSON` |
| anything else | `RAW`: decoded when it is base64 throughout (white space aside), else the bytes as they are |

Where the reference crashes: JSON scalars and arrays are `JSON` (base64 made of digits alone is a JSON number, so it is
not decoded); text that is no base64 and binary are `RAW` as they are; an object that only resembles a known event is
`JSON`; one bad record among good ones is a `JSON` event of its own, so that nothing is lost without a trace. Text that
happens to be valid base64 is decoded.
"""

import binascii
import json
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from statuette.events.documents import storage_document
from statuette.events.event import Event, EventKind
from statuette.events.objects import ObjectRef
from statuette.events.portable import dump_event, load_event
from statuette.events.records import Sighting, at, provider_of, rfc3339, rucio, sighting, text_of

__all__ = ["dump_event", "load_event", "parse_body", "rfc3339", "storage_document"]

_DEEPEST = 8
"""Envelopes within envelopes; what lies deeper is taken as plain JSON."""
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
_NAME = re.compile(r"[A-Za-z0-9_]+")


@dataclass(frozen=True)
class _Envelope:
    """What the wrappings around a body said. `delegated` tells a delegation without a provider id from none."""

    depth: int = 0
    provider: str = ""
    delegated_by: str = ""
    variables: dict[str, str] = field(default_factory=dict)


def parse_body(body: bytes, *, now: str) -> list[Event]:
    """The events of a body, at least one. `now` (RFC 3339) is their time where the source gave none. Never raises."""
    try:
        events = _classified(body, _Envelope())
    except RecursionError:  # nested deeper than the interpreter writes: no event of any store is
        events = [Event(kind=EventKind.JSON, payload=body)]
    return [replace(event, time=event.time or now) for event in events]


def _classified(body: bytes, envelope: _Envelope) -> list[Event]:
    try:
        text = body.decode()
        value = json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        return [replace(_event(EventKind.RAW, envelope), payload=_decoded(body))]
    return _of_value(value, text, envelope=envelope)


def _of_value(value: object, text: str, *, envelope: _Envelope) -> list[Event]:
    if isinstance(value, str):
        payload = _base64(text_of(value).encode())
        if payload is not None:
            return [replace(_event(EventKind.RAW, envelope), payload=payload)]
    if isinstance(value, Mapping):
        return _of_object(value, text, envelope=envelope)
    return [_plain(text, envelope)]


def _of_object(body: Mapping[str, Any], text: str, *, envelope: _Envelope) -> list[Event]:
    nested = "httpMethod" in body or ("event" in body and "subscription" not in body)
    if nested and envelope.depth >= _DEEPEST:
        return [_plain(text, envelope)]
    if "httpMethod" in body:
        return _api_gateway(body, envelope)
    if "event" in body and "subscription" in body:
        return [_dcache(body, text, envelope=envelope)]
    if "event_type" in body and at(body, "payload", "scope") is not None:
        found = rucio(body["payload"], provider=envelope.provider)
        return [_of_sighting(found, document=text, envelope=envelope) if found else _plain(text, envelope)]
    if "event" in body:
        return _delegated(body, envelope)
    return _of_records(body, text, envelope=envelope)


def _api_gateway(body: Mapping[str, Any], envelope: _Envelope) -> list[Event]:
    """Query parameters become variables; those whose names no shell could read are left out."""
    query = body.get("queryStringParameters")
    variables = {
        f"CONT_VAR_{key}": text_of(value)
        for key, value in (query.items() if isinstance(query, Mapping) else ())
        if _NAME.fullmatch(key) and isinstance(value, str) and "\0" not in value
    }
    inner = replace(envelope, depth=envelope.depth + 1, variables=envelope.variables | variables)
    content = body.get("body")
    if body.get("isBase64Encoded") is True and isinstance(content, str):
        return _classified(_decoded(text_of(content).encode()), inner)
    return _nested(content, inner)


def _delegated(body: Mapping[str, Any], envelope: _Envelope) -> list[Event]:
    given = text_of(body.get("storage_provider")) or "default"
    return _nested(body["event"], replace(envelope, depth=envelope.depth + 1, provider=given, delegated_by=given))


def _nested(content: object, envelope: _Envelope) -> list[Event]:
    """A wrapped body: text is a body again, nothing is an empty one, any other value is JSON."""
    if isinstance(content, str):
        return _classified(text_of(content).encode(), envelope)
    if content is None:
        return _classified(b"", envelope)
    return _of_value(content, _json(content), envelope=envelope)


def _dcache(body: Mapping[str, Any], text: str, *, envelope: _Envelope) -> Event:
    """The file's path is only known with the service's `webdav.dcache` input: the key is its name there."""
    name = text_of(at(body, "event", "name"))
    if not name:
        return _plain(text, envelope)
    reference = ObjectRef(bucket="", key=name, provider=provider_of("webdav", envelope.provider, "dcache"))
    return _of_sighting((EventKind.DCACHE, reference), document=text, envelope=envelope)


def _of_records(body: Mapping[str, Any], text: str, *, envelope: _Envelope) -> list[Event]:
    records = body.get("Records")
    if not isinstance(records, list) or not records:
        return [_plain(text, envelope)]
    if sighting(records[0], body, provider=envelope.provider) is None:
        return [_plain(text, envelope)]
    if len(records) == 1:
        return [_of_record(records[0], body, text=text, envelope=envelope)]
    return [_of_record(record, body, text=_alone(record, body), envelope=envelope) for record in records]


def _of_record(record: object, body: Mapping[str, Any], *, text: str, envelope: _Envelope) -> Event:
    """One record's event; its document is a notification with that record alone, since scripts read the first one."""
    found = sighting(record, body, provider=envelope.provider)
    if found is None:
        return _plain(text, envelope)
    principal = at(record, "requestParameters", "principalId") or at(record, "userIdentity", "principalId")
    return replace(
        _of_sighting(found, document=text, envelope=envelope),
        time=text_of(at(record, "eventTime")),
        principal=text_of(principal),
        source_ip=text_of(at(record, "requestParameters", "sourceIPAddress")),
    )


def _alone(record: object, body: Mapping[str, Any]) -> str:
    """The notification as it would be for this record alone; of the rest only what MinIO sends."""
    found = sighting(record, body, provider="")
    named = {"EventName": body["EventName"]} if isinstance(body.get("EventName"), str) else {}
    if found is not None and "Key" in body:
        named["Key"] = f"{found[1].bucket}/{found[1].key}"
    return _json({**named, "Records": [record]})


def _plain(text: str, envelope: _Envelope) -> Event:
    return replace(_event(EventKind.JSON, envelope), payload=text.encode())


def _of_sighting(found: Sighting, *, document: str, envelope: _Envelope) -> Event:
    return replace(_event(found[0], envelope), object=found[1], document=document)


def _event(kind: EventKind, envelope: _Envelope) -> Event:
    return Event(kind=kind, variables=dict(envelope.variables), delegated_by=envelope.delegated_by)


def _json(value: object) -> str:
    """Compact JSON in ASCII, so that half surrogate pairs stay escapes."""
    return json.dumps(value, separators=(",", ":"))


def _decoded(body: bytes) -> bytes:
    decoded = _base64(body)
    return body if decoded is None else decoded


def _base64(body: bytes) -> bytes | None:
    """The decoded bytes, None when it is not base64 throughout; line breaks and blanks do not count."""
    packed = body.translate(None, b" \t\r\n")
    if len(packed) % 4 or not _BASE64.fullmatch(packed):
        return None
    try:
        return b64decode(packed, validate=True)
    except binascii.Error:
        return None


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
