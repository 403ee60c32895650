"""Pages of a store's listings, as they come."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote_plus
from xml.etree import ElementTree

from statuette.adapters.store_s3.signed import SignedClient
from statuette.events.objects import ObjectVersion
from statuette.ports.errors import StoreUnavailable
from statuette.ports.objects import ObjectInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer: objects, and with a delimiter the folders below (ending in "/"), each in the store's order."""

    objects: list[ObjectInfo]
    folders: list[str]


def normal_etag(etag: str) -> str:
    """An ETag without quotes and in lower case."""
    return etag.strip('"').lower()


def normal_version(version_id: str | None) -> str:
    """A version id; "null" (the only version of an object in an unversioned bucket) is none."""
    return "" if version_id in (None, "null") else str(version_id)


async def object_pages(
    client: SignedClient, bucket: str, *, prefix: str, delimiter: str = "", after: str = ""
) -> AsyncIterator[Page]:
    """Objects by ListObjectsV2."""
    query = {"list-type": "2", "prefix": prefix, "encoding-type": "url", "max-keys": "1000"}
    query |= {"delimiter": delimiter} if delimiter else {}
    query |= {"start-after": after} if after else {}
    while True:
        root = await _page(client, bucket, query)
        yield _parsed(root, "Contents")
        token = _text(root, "NextContinuationToken")
        if _text(root, "IsTruncated") != "true" or not token:
            return
        query["continuation-token"] = token
        query.pop("start-after", None)


async def version_pages(client: SignedClient, bucket: str, *, prefix: str, after: str = "") -> AsyncIterator[Page]:
    """The latest versions of objects by ListObjectVersions; deleted objects are left out."""
    query = {"versions": "", "prefix": prefix, "encoding-type": "url", "max-keys": "1000"}
    query |= {"key-marker": after} if after else {}
    while True:
        root = await _page(client, bucket, query)
        yield _parsed(root, "Version")
        marker = unquote_plus(_text(root, "NextKeyMarker"))
        if _text(root, "IsTruncated") != "true" or not marker:
            return
        query["key-marker"] = marker
        query["version-id-marker"] = _text(root, "NextVersionIdMarker")


async def has_versions(client: SignedClient, bucket: str) -> bool:
    """Tell whether the bucket keeps, or ever kept, versions."""
    response = await client.ask("GET", bucket, query={"versioning": ""})
    return _text(_root(response.text), "Status") != ""


async def _page(client: SignedClient, bucket: str, query: dict[str, str]) -> ElementTree.Element:
    response = await client.ask("GET", bucket, query=query)
    return _root(response.text)


def _root(text: str) -> ElementTree.Element:
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - expat since 2.4 stops entity bombs, and the store is ours to trust
    except ElementTree.ParseError as error:
        raise StoreUnavailable("the store's listing cannot be read") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _parsed(root: ElementTree.Element, kind: str) -> Page:
    encoded = _text(root, "EncodingType") == "url"
    objects = [
        _info(entry, encoded=encoded) for entry in root.iterfind(kind) if _text(entry, "IsLatest") in ("", "true")
    ]
    folders = [_key(_text(entry, "Prefix"), encoded=encoded) for entry in root.iterfind("CommonPrefixes")]
    return Page(objects=objects, folders=folders)


def _info(entry: ElementTree.Element, *, encoded: bool) -> ObjectInfo:
    modified = datetime.fromisoformat(_text(entry, "LastModified"))
    version = ObjectVersion(
        etag=normal_etag(_text(entry, "ETag")),
        size=int(_text(entry, "Size")),
        modified=int(modified.timestamp()),
        version_id=normal_version(_text(entry, "VersionId")),
    )
    return ObjectInfo(key=_key(_text(entry, "Key"), encoded=encoded), version=version, metadata={})


def _key(text: str, *, encoded: bool) -> str:
    return unquote_plus(text) if encoded else text


def _text(element: ElementTree.Element, name: str) -> str:
    return element.findtext(name) or ""
