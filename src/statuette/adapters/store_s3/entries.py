"""One object as a listing tells it: kept as the store wrote it, read when somebody asks.

A pass over a million objects that have not changed compares what the store wrote and reads none of it. The elements
of an entry are flat in every store's listings, so they are found by their names, in whatever order they come.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from urllib.parse import unquote_plus

from statuette.events.objects import ObjectVersion
from statuette.ports.errors import StoreUnavailable
from statuette.ports.objects import ObjectInfo

_LEAF = re.compile(rb"<(\w+)>([^<]*)</\1>")
_KEY = re.compile(rb"<Key>([^<]*)</Key>")
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|(amp|lt|gt|quot|apos));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


class Entry(NamedTuple):
    """An object's key, with what stands in its element (b"" for a folder, whose key ends in "/")."""

    key: str
    told: bytes


def entries_of(elements: Iterable[bytes], *, encoded: bool) -> list[Entry]:
    """Entries from the content of their elements; `encoded`: keys are written as in a URL."""
    try:
        return [Entry(_key(told, encoded=encoded), told) for told in elements]
    except UnicodeDecodeError as error:
        raise unreadable() from error


def info_of(entry: Entry) -> ObjectInfo:
    """Read an entry. Raises `StoreUnavailable` when something is missing."""
    leaves = dict(_LEAF.findall(entry.told))
    try:
        version = ObjectVersion(
            etag=normal_etag(unescaped(leaves.get(b"ETag", b""))),
            size=int(leaves[b"Size"]),
            modified=int(datetime.fromisoformat(leaves[b"LastModified"].decode()).timestamp()),
            version_id=normal_version(unescaped(leaves.get(b"VersionId", b""))),
        )
    except (KeyError, ValueError) as error:
        raise unreadable() from error
    return ObjectInfo(key=entry.key, version=version, metadata={})


def is_latest(told: bytes) -> bool:
    """Whether an element of a listing of versions tells of the version that stands."""
    return dict(_LEAF.findall(told)).get(b"IsLatest") == b"true"


def normal_etag(etag: str) -> str:
    """An ETag without quotes and in lower case."""
    return etag.strip('"').lower()


def normal_version(version_id: str | None) -> str:
    """A version id; "null" (the only version of an object in an unversioned bucket) is none."""
    return "" if version_id in (None, "null") else str(version_id)


def unescaped(text: bytes) -> str:
    """XML's text as it is meant."""
    plain = text.decode().replace("&#34;", '"')  # as Go writes the quotes around each ETag
    return _REFERENCE.sub(_character, plain) if "&" in plain else plain


def unreadable() -> StoreUnavailable:
    """To be raised where an answer is not what a listing should be."""
    return StoreUnavailable("the store's listing cannot be read")


def _key(told: bytes, *, encoded: bool) -> str:
    found = _KEY.search(told)
    if found is None:
        raise unreadable()
    key = unescaped(found[1])
    return unquote_plus(key) if encoded and ("%" in key or "+" in key) else key


def _character(reference: re.Match[str]) -> str:
    hexadecimal, decimal, name = reference.groups()
    return _NAMED[name] if name else chr(int(hexadecimal, 16) if hexadecimal else int(decimal))
