"""The port `Objects` over S3."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import md5
from typing import BinaryIO
from xml.sax.saxutils import escape

from statuette.adapters.store_s3.endpoint import Endpoint
from statuette.adapters.store_s3.entries import Entry
from statuette.adapters.store_s3.faults import error_code
from statuette.adapters.store_s3.keys import check_key, is_plain
from statuette.adapters.store_s3.listing import has_versions, object_answers, version_answers
from statuette.adapters.store_s3.odd import OddRoute
from statuette.adapters.store_s3.pages import paged
from statuette.adapters.store_s3.plain import PlainRoute
from statuette.adapters.store_s3.signed import SignedClient
from statuette.adapters.store_s3.walk import walk
from statuette.events.objects import ObjectRef
from statuette.ports.errors import Forbidden, ObjectGone, StoreUnavailable
from statuette.ports.objects import ObjectInfo, ObjectPage

_DELETED_AT_ONCE = 1000
_HEADS_AT_ONCE = 8


class S3Objects:
    """Objects of one store. The client is shared with `S3Buckets` and closed by its owner."""

    def __init__(self, endpoint: Endpoint, client: SignedClient) -> None:
        self._folders = endpoint.folders
        self._client = client
        self._plain = PlainRoute(endpoint, client)
        self._odd = OddRoute(client)

    async def head(self, ref: ObjectRef) -> ObjectInfo | None:
        try:
            return await self._route(ref.key).head(ref)
        except ObjectGone:
            # The answer to HEAD has no body that could tell a missing bucket from a missing object.
            await self._client.ask("HEAD", ref.bucket)
            return None

    async def fetch(self, ref: ObjectRef, sink: BinaryIO) -> ObjectInfo:
        return await self._route(ref.key).fetch(ref, sink)

    async def put(
        self, ref: ObjectRef, source: BinaryIO, *, size: int, metadata: Mapping[str, str], media_type: str = ""
    ) -> None:
        """As the port says; `BadInput` for a key this store cannot hold, `OSError` for a source that ends too early."""
        check_key(ref.key, folders=self._folders)
        await self._route(ref.key).put(ref, source, size=size, metadata=metadata, media_type=media_type)

    async def list(self, bucket: str, prefix: str, *, after: str = "") -> AsyncIterator[ObjectPage]:
        versioned = await has_versions(self._client, bucket)
        if self._folders:
            found = walk(self._client, bucket, prefix=prefix, after=after, sorted_folders=not versioned)
        else:
            found = self._in_order(bucket, prefix=prefix, after=after, versioned=versioned)
        # SeaweedFS 4.48 loses keys between the pages of ListObjectVersions, so each object is asked for its version.
        ask = partial(self._with_versions, bucket) if versioned and self._folders else None
        async for page in paged(found, completed=ask):
            yield page

    async def remove(self, bucket: str, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), _DELETED_AT_ONCE):
            await self._remove(bucket, keys[start : start + _DELETED_AT_ONCE])

    def _route(self, key: str) -> PlainRoute | OddRoute:
        return self._plain if is_plain(key) else self._odd

    async def _in_order(
        self, bucket: str, *, prefix: str, after: str, versioned: bool
    ) -> AsyncIterator[Sequence[Entry]]:
        answers = version_answers if versioned else object_answers
        async for answer in answers(self._client, bucket, prefix=prefix, after=after):
            yield answer.objects

    async def _with_versions(self, bucket: str, page: Sequence[ObjectInfo]) -> Sequence[ObjectInfo]:
        gate = asyncio.Semaphore(_HEADS_AT_ONCE)

        async def known(info: ObjectInfo) -> ObjectInfo | None:
            async with gate:
                current = await self.head(ObjectRef(bucket=bucket, key=info.key))
            return replace(info, version=current.version) if current else None

        infos = await asyncio.gather(*(known(info) for info in page))
        return [info for info in infos if info is not None]

    async def _remove(self, bucket: str, keys: Sequence[str]) -> None:
        if any(not is_plain(key) for key in keys):  # XML 1.0 cannot hold control characters
            for key in keys:
                await self._client.ask("DELETE", bucket, key=key)
            return
        entries = "".join(f"<Object><Key>{escape(key)}</Key></Object>" for key in keys)
        body = f"<Delete><Quiet>true</Quiet>{entries}</Delete>".encode()
        digest = b64encode(md5(body, usedforsecurity=False).digest()).decode()
        response = await self._client.ask(
            "POST", bucket, query={"delete": ""}, headers={"content-md5": digest}, body=body
        )
        if "<Error>" in response.text:
            code = error_code(response.text)
            raise (Forbidden if code == "AccessDenied" else StoreUnavailable)(
                f"an object could not be deleted ({code})"
            )
