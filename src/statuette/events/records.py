"""The records of a storage notification (`Records[]`), one by one. Nothing here raises: what does not fit is None."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from statuette.events.event import EventKind
from statuette.events.objects import ObjectRef, ObjectVersion

Sighting = tuple[EventKind, ObjectRef]


def text_of(value: object) -> str:
    """The value if it is text that can be stored, else ""."""
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "replace").decode()


def at(value: object, *names: str) -> Any:  # noqa: ANN401 - parsed JSON
    """The value under nested keys, None where one is missing or is no object."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def sighting(record: object, body: Mapping[str, Any], *, provider: str) -> Sighting | None:
    """What one record announces; None when its source is unknown or a field is missing; delegations give `provider`."""
    read = _READERS.get(text_of(at(record, "eventSource")))
    if read is None or not isinstance(record, Mapping):
        return None
    return read(record, body, provider)


def provider_of(kind: str, given: str, default: str = "default") -> str:
    """The reference `<kind>.<id>`; a delegation gives the id, or the whole reference."""
    return given if "." in given else f"{kind}.{given or default}"


def rucio(payload: object, *, provider: str) -> Sighting | None:
    """A Rucio dataset: its scope stands as the bucket, its name as the key."""
    scope, name = text_of(at(payload, "scope")), text_of(at(payload, "name"))
    if not scope or not name:
        return None
    return EventKind.RUCIO, ObjectRef(bucket=scope, key=name, provider=provider_of("rucio", provider, "rucio"))


def rfc3339(seconds: float) -> str:
    """Seconds since the epoch as stores write it: UTC, milliseconds, `Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_of(time: str) -> int | None:
    """Whole seconds since the epoch of an RFC 3339 time (no offset: UTC), None when it is none or before 1970."""
    try:
        moment = datetime.fromisoformat(time)
        seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None
    return seconds if seconds >= 0 else None


def _s3(kind: str) -> Callable[[Mapping[str, Any], Mapping[str, Any], str], Sighting | None]:
    def read(record: Mapping[str, Any], _: Mapping[str, Any], provider: str) -> Sighting | None:
        bucket = text_of(at(record, "s3", "bucket", "name"))
        key = text_of(unquote_plus(text_of(at(record, "s3", "object", "key"))))
        if not bucket or not key:
            return None
        version = _version(at(record, "s3", "object"), text_of(record.get("eventTime")))
        reference = provider_of(kind, provider)
        return EventKind.STORAGE, ObjectRef(bucket=bucket, key=key, provider=reference, version=version)

    return read


def _version(stored: object, time: str) -> ObjectVersion | None:
    """The version a record tells of: by its version id, else by ETag, size and time, which must then all be there."""
    version_id = text_of(at(stored, "versionId"))
    version_id = "" if version_id == "null" else version_id
    etag = text_of(at(stored, "eTag")).strip('"').lower()
    size = at(stored, "size")
    modified = seconds_of(time)
    if modified is None or isinstance(size, bool) or not isinstance(size, int) or size < 0 or not (etag or version_id):
        return None
    return ObjectVersion(etag=etag, size=size, modified=modified, version_id=version_id)


def _onedata(record: Mapping[str, Any], body: Mapping[str, Any], provider: str) -> Sighting | None:
    """`Key` is `/<space>/<path>`; further records of one body lie in the same folder as the first."""
    folder, _, last = text_of(body.get("Key")).strip("/").rpartition("/")
    name = text_of(record.get("objectKey")) or last
    space, _, path = f"{folder}/{name}".partition("/")
    if not space or not path:
        return None
    return EventKind.ONEDATA, ObjectRef(bucket=space, key=path, provider=provider_of("onedata", provider))


def _rucio_record(record: Mapping[str, Any], body: Mapping[str, Any], provider: str) -> Sighting | None:
    return rucio(record.get("payload", body.get("payload")), provider=provider)


_READERS = {"minio:s3": _s3("minio"), "aws:s3": _s3("s3"), "OneTrigger": _onedata, "rucio": _rucio_record}
