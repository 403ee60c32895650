"""Objects by the addresses that came with the work: no key, and nothing but what the work needs."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import BinaryIO
from urllib.parse import urlsplit

import httpx

from statuette.adapters.work_http.addresses import AddressBook
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.ports.errors import DiskFull, Fault, Forbidden, NotFound, ObjectGone, StoreUnavailable, TooLarge
from statuette.ports.objects import ObjectInfo, ObjectPage, Objects
from statuette.ports.presigning import Address

LARGEST = 5 * 1024**3
"""Bytes that S3 takes in one request."""
_CHUNK = 1024 * 1024
_INLINE = 64 * 1024
"""Bytes written without leaving the event loop."""
_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
_META = "x-amz-meta-"
_CODE = re.compile(r"<Code>(\w+)</Code>")


class PresignedObjects(Objects):
    """`verify`: whether the store's certificate is checked. `transport` is httpx's own, for tests without a network."""

    def __init__(
        self, book: AddressBook, *, verify: bool = True, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._book = book
        self._http = httpx.AsyncClient(verify=verify, timeout=_TIMEOUT, transport=transport, trust_env=False)

    async def head(self, ref: ObjectRef) -> ObjectInfo | None:
        async with self._sent(await self._book.find("HEAD", ref)) as response:
            if response.status_code == 404:
                return None
            _check(response, "")
            return _info(ref.key, response)

    async def fetch(self, ref: ObjectRef, sink: BinaryIO) -> ObjectInfo:
        received = 0
        async with self._sent(await self._book.find("GET", ref)) as response:
            if not response.is_success:
                _check(response, (await response.aread()).decode("utf-8", "replace"))
            info = _info(ref.key, response)
            async for chunk in response.aiter_raw(_CHUNK):
                received += len(chunk)
                if len(chunk) <= _INLINE:
                    sink.write(chunk)
                else:
                    await asyncio.to_thread(sink.write, chunk)
        if received != info.version.size:
            raise StoreUnavailable(f"the object's stream ended after {received} of {info.version.size} bytes")
        return info

    async def put(
        self,
        ref: ObjectRef,
        source: BinaryIO,
        *,
        size: int,
        metadata: Mapping[str, str],
        media_type: str = "",  # noqa: ARG002 - as it was signed
    ) -> None:
        """As the port says; `media_type` and `metadata` are those that were signed. `TooLarge` over 5 GiB."""
        if size > LARGEST:
            raise TooLarge(f"one request holds {LARGEST} bytes at most; the manager has to store this one")
        address = await self._book.find("PUT", ref)
        signed = {name[len(_META) :]: value for name, value in address.headers.items() if name.startswith(_META)}
        if signed != metadata or address.headers.get("content-length") != str(size):
            raise Forbidden("the address is for other metadata or another size")
        async with self._sent(address, body=_read(source, size)) as response:
            _check(response, (await response.aread()).decode("utf-8", "replace"))

    def list(
        self,
        bucket: str,  # noqa: ARG002 - nobody's
        prefix: str,  # noqa: ARG002
        *,
        after: str = "",  # noqa: ARG002
    ) -> AsyncIterator[ObjectPage]:
        """Raises `Forbidden`: no work comes with a right to list."""
        raise Forbidden("a supervisor lists no bucket")

    async def remove(self, bucket: str, keys: Sequence[str]) -> None:
        for key in keys:
            async with self._sent(await self._book.find("DELETE", ObjectRef(bucket=bucket, key=key))) as response:
                if response.status_code != 404:
                    _check(response, (await response.aread()).decode("utf-8", "replace"))

    async def close(self) -> None:
        await self._http.aclose()

    @asynccontextmanager
    async def _sent(
        self, address: Address, *, body: AsyncIterator[bytes] | None = None
    ) -> AsyncGenerator[httpx.Response, None]:
        parts = urlsplit(address.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        request = httpx.Request(
            address.method,
            f"{parts.scheme}://{parts.netloc}",
            # Else httpx asks for compressed bodies, whose length would not be the object's.
            headers={"accept-encoding": "identity", **address.headers},
            content=body,
            # The path goes out as it was signed: nothing on the way tidies a key with `//` or `..`.
            extensions={"target": target.encode("ascii"), "timeout": _TIMEOUT.as_dict()},
        )
        try:
            response = await self._http.send(request, stream=True)
        except httpx.HTTPError as error:
            raise StoreUnavailable(f"the store does not answer ({type(error).__name__})") from error
        try:
            yield response
        except httpx.HTTPError as error:
            raise StoreUnavailable(f"the store's answer broke off ({type(error).__name__})") from error
        finally:
            await response.aclose()


async def _read(source: BinaryIO, size: int) -> AsyncIterator[bytes]:
    left = size
    while left:
        chunk = await asyncio.to_thread(source.read, min(left, _CHUNK))
        if not chunk:
            raise OSError(f"the file ended {left} bytes too early")
        left -= len(chunk)
        yield chunk


def _check(response: httpx.Response, body: str) -> None:
    """Raises the platform's error for an answer that is no success."""
    status = response.status_code
    if response.is_success:
        return
    found = _CODE.search(body)
    raise _fault(status, found[1] if found else "", body.lower())


def _fault(status: int, code: str, body: str) -> Fault:
    if status == 507 or "QuotaExceeded" in code or "no space left" in body or "no free volumes" in body:
        return DiskFull("the store has no room left")
    if code == "NoSuchBucket":
        return NotFound("there is no such bucket")
    if status in (404, 412):
        return ObjectGone("the object, or the version of it that was meant, is gone")
    if status in (401, 403):
        return Forbidden("the store does not allow it")
    return StoreUnavailable(f"the store answered {status} {code}".rstrip())


def _info(key: str, response: httpx.Response) -> ObjectInfo:
    headers = response.headers
    modified = parsedate_to_datetime(headers["last-modified"])
    version = ObjectVersion(
        etag=headers.get("etag", "").strip('"').lower(),
        size=int(headers["content-length"]),
        modified=int(modified.timestamp()),
        version_id=headers.get("x-amz-version-id", "").removeprefix("null"),
    )
    metadata = {name[len(_META) :]: value for name, value in headers.items() if name.startswith(_META)}
    return ObjectInfo(key=key, version=version, metadata=metadata)
