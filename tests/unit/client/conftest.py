"""A client whose platform is a function, and whose store is memory."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import pytest
from obstore.store import MemoryStore

from statuette.client import Client, Connection

Handler = Callable[[httpx.Request], httpx.Response]
Connect = Callable[[Handler], AbstractAsyncContextManager[Client]]


@pytest.fixture
def buckets() -> dict[str, MemoryStore]:
    return {}


@pytest.fixture
def connect(buckets: dict[str, MemoryStore]) -> Connect:
    @asynccontextmanager
    async def open_client(handler: Handler) -> AsyncIterator[Client]:
        async with Client(
            Connection("http://platform.test/", "oscar", "s3cret"),
            transport=httpx.MockTransport(handler),
            open_bucket=lambda _, bucket: buckets.setdefault(bucket, MemoryStore()),
        ) as client:
            yield client

    return open_client
