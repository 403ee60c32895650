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

from statuette.adapters.store_s3.download import (
    RANGED,
    SMALL,
    STALL,
    Received,
    corrupted,
    ranged,
    streamed,
    tells_content,
    whole,
)
from statuette.adapters.store_s3.endpoint import Endpoint
from statuette.adapters.store_s3.entries import normal_etag, normal_version
from statuette.adapters.store_s3.faults import fault_from
from statuette.adapters.store_s3.signed import SignedClient
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.ports.errors import StoreUnavailable
from statuette.ports.objects import ObjectInfo

if TYPE_CHECKING:  # these are types only, obstore has no such names at run time
    from obstore import GetOptions, GetResult
    from obstore.store import ClientConfig

_SINGLE_PUT = 16 * 1024 * 1024
_PART = 16 * 1024 * 1024
_PARTS = 9_000
"""S3 allows 10,000 parts."""
_PARTS_AT_ONCE = 2
_SLOWEST = 64 * 1024
"""Bytes a second under which an upload is given up."""
_STORES = 64
"""Buckets whose connections are kept open."""


class PlainRoute:
    """Objects whose keys obstore carries unchanged."""

    def __init__(self, endpoint: Endpoint, client: SignedClient) -> None:
        self._endpoint = endpoint
        self._client = client
        self._stores: OrderedDict[str, S3Store] = OrderedDict()

    async def head(self, ref: ObjectRef) -> ObjectInfo:
        """Describe an object. Raises `ObjectGone` when there is none."""
        return _info(ref.key, await self._get(ref, head=True))

    async def fetch(self, ref: ObjectRef, sink: BinaryIO) -> ObjectInfo:
        received = Received(sink)
        try:
            info = await self._fetch(ref, received)
        except BaseError as error:
            raise StoreUnavailable("the object's stream broke off") from error
        except TimeoutError as error:
            raise StoreUnavailable(f"the object's stream stood still for {STALL:.0f} s") from error
        received.check_size(info.version.size)
        if not received.fits(info.version.etag) and await self._tells_content(ref):
            raise corrupted()
        return info

    async def _fetch(self, ref: ObjectRef, received: Received) -> ObjectInfo:
        known = ref.version
        if known is not None and known.size >= RANGED and (known.etag or known.version_id):
            info = await self.head(ref)
            await ranged(lambda start, end: self._get(ref, part=(start, end)), info.version.size, received)
            return info
        result = await self._get(ref)
        info = _info(ref.key, result)
        await (whole if info.version.size <= SMALL else streamed)(result, received)
        return info

    async def _tells_content(self, ref: ObjectRef) -> bool:
        return tells_content((await self._client.ask("HEAD", ref.bucket, key=ref.key)).headers)

    async def put(
        self, ref: ObjectRef, source: BinaryIO, *, size: int, metadata: Mapping[str, str], media_type: str
    ) -> None:
        """Store the bytes. Raises `OSError` when the source cannot be read to its end."""
        attributes = dict(metadata) | ({"Content-Type": media_type} if media_type else {})
        body: bytes | _Part = await read(source, size) if size <= _SINGLE_PUT else _Part(source, size)
        try:
            async with asyncio.timeout(STALL + size / _SLOWEST):
                await obstore.put_async(
                    self._store(ref.bucket),
                    ref.key,
                    body,
                    attributes=attributes,
                    use_multipart=size > _SINGLE_PUT,
                    chunk_size=max(_PART, size // _PARTS + 1),
                    max_concurrency=_PARTS_AT_ONCE,
                )
        except (BaseError, FileNotFoundError) as error:
            raise fault_from(error, what=f"PUT {ref.bucket}") from error
        except TimeoutError as error:
            raise StoreUnavailable(f"the store took too long for an object of {size} bytes") from error

    async def _get(self, ref: ObjectRef, *, head: bool = False, part: tuple[int, int] | None = None) -> "GetResult":
        options: GetOptions = {"head": head}
        if part is not None:
            options["range"] = part
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
            "timeout": timedelta(days=1),  # of a whole transfer; `STALL` watches over its parts
        }
        return S3Store(
            bucket,
            endpoint=self._endpoint.url,
            access_key_id=self._endpoint.access_key,
            secret_access_key=self._endpoint.secret_key,
            region=self._endpoint.region,
            virtual_hosted_style_request=False,
            checksum_algorithm="sha256",  # sent with every object and part, so the store refuses what arrives changed
            client_options=client,
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=10)},
        )


async def read(source: BinaryIO, size: int) -> bytes:
    """Exactly `size` bytes. Raises `OSError` when there are fewer."""
    data = source.read(size) if size <= SMALL else await asyncio.to_thread(source.read, size)
    if len(data) != size:
        raise OSError(f"the file ended after {len(data)} of {size} bytes")
    return data


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
