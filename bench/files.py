"""Many small objects, stored as fast as the client library can."""

import asyncio
import time

import obstore
import uvloop
from obstore.store import S3Store

CONCURRENCY = 16


def put_many(store: S3Store, keys: list[str], *, size: int = 1000) -> tuple[float, float]:
    """Store small objects, `CONCURRENCY` at a time; when it began and ended (seconds since the epoch)."""
    return uvloop.run(_put_many(store, keys, b"x" * size))


async def _put_many(store: S3Store, keys: list[str], data: bytes) -> tuple[float, float]:
    left = iter(keys)

    async def one_after_another() -> None:
        for key in left:
            await obstore.put_async(store, key, data, use_multipart=False)

    began = time.time()
    await asyncio.gather(*(one_after_another() for _ in range(CONCURRENCY)))
    return began, time.time()
