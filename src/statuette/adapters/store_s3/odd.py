"""Reading and writing by plain signed requests: slower, for the keys that obstore would change or refuse."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import BinaryIO

import httpx

from statuette.adapters.store_s3.download import Received, corrupted, tells_content
from statuette.adapters.store_s3.entries import normal_etag, normal_version
from statuette.adapters.store_s3.faults import fault_of
from statuette.adapters.store_s3.signed import SignedClient
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.ports.errors import TooLarge
from statuette.ports.objects import ObjectInfo

_CHUNK = 1024 * 1024
_LARGEST = 5 * 1024**3
"""Bytes that S3 takes in one request; these keys are not stored in parts."""
_META = "x-amz-meta-"


class OddRoute:
    """Objects with control characters, empty parts or outer slashes in their keys."""

    def __init__(self, client: SignedClient) -> None:
        self._client = client

    async def head(self, ref: ObjectRef) -> ObjectInfo:
        """Describe an object. Raises `ObjectGone` when there is none."""
        response = await self._client.ask(
            "HEAD", ref.bucket, key=ref.key, query=_version_query(ref), headers=_condition(ref)
        )
        return _info(ref.key, response)

    async def fetch(self, ref: ObjectRef, sink: BinaryIO) -> ObjectInfo:
        asked = self._client.stream("GET", ref.bucket, key=ref.key, query=_version_query(ref), headers=_condition(ref))
        received = Received(sink)
        async with asked as response:
            if not response.is_success:
                await response.aread()
                raise fault_of(response.status_code, response.text, what=f"GET {ref.bucket}")
            info = _info(ref.key, response)
            async for chunk in response.aiter_raw(_CHUNK):
                await received.take(memoryview(chunk))
        received.check_size(info.version.size)
        if not received.fits(info.version.etag) and tells_content(response.headers):
            raise corrupted()
        return info

    async def put(
        self, ref: ObjectRef, source: BinaryIO, *, size: int, metadata: Mapping[str, str], media_type: str
    ) -> None:
        """Store the bytes. Raises `OSError` when the source cannot be read to its end."""
        if size > _LARGEST:
            raise TooLarge(f"an object with such a key may have {_LARGEST} bytes at most")
        headers = {_META + name: value for name, value in metadata.items()}
        headers |= {"content-length": str(size), "content-type": media_type or "application/octet-stream"}
        headers["x-amz-checksum-sha256"] = await asyncio.to_thread(_checksum, source, size)
        await self._client.ask(
            "PUT", ref.bucket, key=ref.key, headers=headers, body=_read(source, size) if size else b""
        )


def _checksum(source: BinaryIO, size: int) -> str:
    """SHA-256 of what will be sent, in base64. Leaves the source where it stood; `OSError` when it ends too early."""
    start, left, digest = source.tell(), size, sha256()
    while left:
        chunk = source.read(min(left, _CHUNK))
        if not chunk:
            raise OSError(f"the file ended {left} bytes too early")
        left -= len(chunk)
        digest.update(chunk)
    source.seek(start)
    return b64encode(digest.digest()).decode()


async def _read(source: BinaryIO, size: int) -> AsyncIterator[bytes]:
    left = size
    while left:
        chunk = await asyncio.to_thread(source.read, min(left, _CHUNK))
        if not chunk:
            raise OSError(f"the file ended {left} bytes too early")
        left -= len(chunk)
        yield chunk


def _version_query(ref: ObjectRef) -> dict[str, str]:
    return {"versionId": ref.version.version_id} if ref.version and ref.version.version_id else {}


def _condition(ref: ObjectRef) -> dict[str, str]:
    # Without this, httpx asks for compressed bodies, whose length would not be the object's.
    headers = {"accept-encoding": "identity"}
    if ref.version and not ref.version.version_id and ref.version.etag:
        headers["if-match"] = f'"{ref.version.etag}"'
    return headers


def _info(key: str, response: httpx.Response) -> ObjectInfo:
    headers = response.headers
    modified: datetime = parsedate_to_datetime(headers["last-modified"])
    version = ObjectVersion(
        etag=normal_etag(headers.get("etag", "")),
        size=int(headers["content-length"]),
        modified=int(modified.timestamp()),
        version_id=normal_version(headers.get("x-amz-version-id")),
    )
    metadata = {name[len(_META) :]: value for name, value in headers.items() if name.startswith(_META)}
    return ObjectInfo(key=key, version=version, metadata=metadata)
