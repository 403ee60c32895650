"""Reading and writing through obstore: fast, and for all keys that it carries unchanged."""

import asyncio
import io
from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, BinaryIO

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from statuette.adapters.store_s3.endpoint import Endpoint
from statuette.adapters.store_s3.entries import normal_etag, normal_version
from statuette.adapters.store_s3.faults import fault_from
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.ports.errors import StoreUnavailable
from statuette.ports.objects import ObjectInfo

if TYPE_CHECKING:  # these are types only, obstore has no such names at run time
    from obstore import GetOptions, GetResult
    from obstore.store import ClientConfig

SMALL = 1024 * 1024
"""Up to this many bytes a file is read or written at once; a thread would cost more than it saves."""
_SINGLE_PUT = 16 * 1024 * 1024
_PART = 16 * 1024 * 1024
_PARTS = 9_000
"""S3 allows 10,000 parts."""
_PARTS_AT_ONCE = 2
_CHUNK = 4 * 1024 * 1024
_STALL = 60.0
"""Seconds without a byte after which a transfer is given up."""
_STORES = 64
"""Buckets whose connections are kept open."""


class PlainRoute:
    """Objects whose keys obstore carries unchanged."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._stores: OrderedDict[str, S3Store] = OrderedDict()

    async def head(self, ref: ObjectRef) -> ObjectInfo:
        """Describe an object. Raises `ObjectGone` when there is none."""
        return _info(ref.key, await self._get(ref, head=True))

    async def fetch(self, ref: ObjectRef, sink: BinaryIO) -> ObjectInfo:
        result = await self._get(ref, head=False)
        info = _info(ref.key, result)
        try:
            received = await (_whole if info.version.size <= SMALL else _streamed)(result, sink)
        except BaseError as error:
            raise StoreUnavailable("the object's stream broke off") from error
        except TimeoutError as error:
            raise StoreUnavailable(f"the object's stream stood still for {_STALL:.0f} s") from error
        if received != info.version.size:
            raise StoreUnavailable(f"the object's stream ended after {received} of {info.version.size} bytes")
        return info

    async def put(
        self, ref: ObjectRef, source: BinaryIO, *, size: int, metadata: Mapping[str, str], media_type: str
    ) -> None:
        """Store the bytes. Raises `OSError` when the source cannot be read to its end."""
        attributes = dict(metadata) | ({"Content-Type": media_type} if media_type else {})
        body: bytes | _Part = await read(source, size) if size <= _SINGLE_PUT else _Part(source, size)
        single = isinstance(body, bytes)
        try:
            async with asyncio.timeout(_STALL if single else None):
                await obstore.put_async(
                    self._store(ref.bucket),
                    ref.key,
                    body,
                    attributes=attributes,
                    use_multipart=not single,
                    chunk_size=max(_PART, size // _PARTS + 1),
                    max_concurrency=_PARTS_AT_ONCE,
                )
        except (BaseError, FileNotFoundError) as error:
            raise fault_from(error, what=f"PUT {ref.bucket}") from error
        except TimeoutError as error:
            raise StoreUnavailable(f"the store took more than {_STALL:.0f} s for an object") from error

    async def _get(self, ref: ObjectRef, *, head: bool) -> "GetResult":
        options: GetOptions = {"head": head}
        if ref.version and ref.version.version_id:
            options["version"] = ref.version.version_id
        elif ref.version and ref.version.etag:
            options["if_match"] = f'"{ref.version.etag}"'
        try:
            return await obstore.get_async(self._store(ref.bucket), ref.key, options=options)
        except (BaseError, FileNotFoundError) as error:
            raise fault_from(error, what=f"{'HEAD' if head else 'GET'} {ref.bucket}") from error

    def _store(self, bucket: str) -> S3Store:
        if bucket not in self._stores:
            self._stores[bucket] = self._opened(bucket)
        self._stores.move_to_end(bucket)
        if len(self._stores) > _STORES:
            self._stores.popitem(last=False)
        return self._stores[bucket]

    def _opened(self, bucket: str) -> S3Store:
        client: ClientConfig = {
            "allow_http": True,
            "allow_invalid_certificates": not self._endpoint.verify,
            "connect_timeout": timedelta(seconds=5),
            "timeout": timedelta(days=1),  # of a whole transfer; `_STALL` watches over its parts
        }
        return S3Store(
            bucket,
            endpoint=self._endpoint.url,
            access_key_id=self._endpoint.access_key,
            secret_access_key=self._endpoint.secret_key,
            region=self._endpoint.region,
            virtual_hosted_style_request=False,
            client_options=client,
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=10)},
        )


async def _whole(result: "GetResult", sink: BinaryIO) -> int:
    """A small object in one step: each step more is a change of threads. Returns the number of bytes."""
    async with asyncio.timeout(_STALL):
        data = await result.bytes_async()
    return sink.write(memoryview(data))


async def _streamed(result: "GetResult", sink: BinaryIO) -> int:
    """A large object, a bounded part at a time. Returns the number of bytes."""
    received = 0
    stream = aiter(result.stream(min_chunk_size=_CHUNK))
    while True:
        async with asyncio.timeout(_STALL):
            chunk = await anext(stream, None)
        if chunk is None:
            return received
        received += len(chunk)
        await _write(sink, memoryview(chunk))


async def read(source: BinaryIO, size: int) -> bytes:
    """Exactly `size` bytes. Raises `OSError` when there are fewer."""
    data = source.read(size) if size <= SMALL else await asyncio.to_thread(source.read, size)
    if len(data) != size:
        raise OSError(f"the file ended after {len(data)} of {size} bytes")
    return data


async def _write(sink: BinaryIO, chunk: memoryview) -> None:
    if len(chunk) <= SMALL:
        sink.write(chunk)
    else:
        await asyncio.to_thread(sink.write, chunk)


class _Part(io.RawIOBase):
    """The next `size` bytes of a file, read by obstore's threads. Fails when the file ends before: all or nothing."""

    def __init__(self, source: BinaryIO, size: int) -> None:
        self._source = source
        self._left = size

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._source.read(wanted)
        if wanted and not data:
            raise OSError(f"the file ended {self._left} bytes too early")
        self._left -= len(data)
        return data


def _info(key: str, result: "GetResult") -> ObjectInfo:
    meta = result.meta
    version = ObjectVersion(
        etag=normal_etag(meta["e_tag"] or ""),
        size=meta["size"],
        modified=int(meta["last_modified"].timestamp()),
        version_id=normal_version(meta["version"]),
    )
    metadata = {name.lower(): value for name, value in result.attributes.items() if name.islower()}
    return ObjectInfo(key=key, version=version, metadata=metadata)
