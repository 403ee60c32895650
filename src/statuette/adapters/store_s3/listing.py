"""Answers to a store's listings, as they come."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import unquote_plus
from xml.etree import ElementTree

from statuette.adapters.store_s3.entries import Entry, entries_of, is_latest, unreadable
from statuette.adapters.store_s3.signed import SignedClient

_OBJECT = re.compile(rb"<Contents(?:\s[^>]*)?>(.*?)</Contents>", re.DOTALL)
_AT_ONCE = 500
"""Objects of an answer: the more, the longer the store and this process are busy with it in one go."""
_REST = 0.1
"""How long a listing rests after each answer, as a part of the time it took."""
_VERSION = re.compile(rb"<Version(?:\s[^>]*)?>(.*?)</Version>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Objects, and with a delimiter the folders below (their keys end in "/"), each in the store's order."""

    objects: list[Entry]
    folders: list[Entry]


async def object_answers(
    client: SignedClient, bucket: str, *, prefix: str, delimiter: str = "", after: str = ""
) -> AsyncIterator[Answer]:
    """Objects by ListObjectsV2."""
    query = {"list-type": "2", "prefix": prefix, "encoding-type": "url", "max-keys": str(_AT_ONCE)}
    query |= {"delimiter": delimiter} if delimiter else {}
    query |= {"start-after": after} if after else {}
    while True:
        elements, rest = await _parts(client, bucket, query, element=_OBJECT)
        yield _answer(elements, rest)
        token = _text(rest, "NextContinuationToken")
        if _text(rest, "IsTruncated") != "true" or not token:
            return
        query["continuation-token"] = token
        query.pop("start-after", None)


async def version_answers(client: SignedClient, bucket: str, *, prefix: str, after: str = "") -> AsyncIterator[Answer]:
    """The latest versions of objects by ListObjectVersions; deleted objects are left out."""
    query = {"versions": "", "prefix": prefix, "encoding-type": "url", "max-keys": str(_AT_ONCE)}
    query |= {"key-marker": after} if after else {}
    while True:
        elements, rest = await _parts(client, bucket, query, element=_VERSION)
        yield _answer([told for told in elements if is_latest(told)], rest)
        marker = unquote_plus(_text(rest, "NextKeyMarker"))
        if _text(rest, "IsTruncated") != "true" or not marker:
            return
        query["key-marker"] = marker
        query["version-id-marker"] = _text(rest, "NextVersionIdMarker")


async def has_versions(client: SignedClient, bucket: str) -> bool:
    """Tell whether the bucket keeps, or ever kept, versions."""
    response = await client.ask("GET", bucket, query={"versioning": ""})
    return _text(_root(response.content), "Status") != ""


async def _parts(
    client: SignedClient, bucket: str, query: dict[str, str], *, element: re.Pattern[bytes]
) -> tuple[list[bytes], ElementTree.Element]:
    """The entries of an answer, unread, and the little that stands around them, read.

    Reading a thousand entries takes XML's reader 5 ms in one step, which every call meanwhile would wait for. And after
    a full answer there is a short pause, after a shorter one a shorter: others shall find store and processors free now
    and then, and a pass over very many objects shall end soon.
    """
    began = time.monotonic()
    response = await client.ask("GET", bucket, query=query)
    took = time.monotonic() - began
    elements = element.findall(response.content)
    await asyncio.sleep(_REST * took * len(elements) / _AT_ONCE)
    return elements, _root(element.sub(b"", response.content))


def _root(body: bytes) -> ElementTree.Element:
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - expat since 2.4 stops entity bombs, and the store is ours to trust
    except ElementTree.ParseError as error:
        raise unreadable() from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        if element.tag.rpartition(":")[2] in ("Contents", "Version"):  # written in a way that was not recognised
            raise unreadable()
    return root


def _answer(elements: list[bytes], rest: ElementTree.Element) -> Answer:
    encoded = _text(rest, "EncodingType") == "url"
    prefixes = [_text(entry, "Prefix") for entry in rest.iterfind("CommonPrefixes")]
    return Answer(
        objects=entries_of(elements, encoded=encoded),
        folders=[Entry(unquote_plus(prefix) if encoded else prefix, b"") for prefix in prefixes],
    )


def _text(element: ElementTree.Element, name: str) -> str:
    return element.findtext(name) or ""
