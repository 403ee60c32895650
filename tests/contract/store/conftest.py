"""One real SeaweedFS for all contract tests of a run, its twin in memory, and both as the same set of ports."""

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from statuette.adapters.store_s3 import Endpoint, S3Buckets, S3Objects, SignedClient
from statuette.adapters.store_seaweed import EmbeddedStore, SeaweedEvents, SeaweedKeys
from statuette.adapters.store_seaweed.command import find_weed
from statuette.ports.buckets import Buckets
from statuette.ports.errors import StoreUnavailable
from statuette.ports.objects import Objects
from statuette.ports.store_events import StoreEvents
from statuette.ports.store_keys import StoreKeys
from statuette.testing.store import MemoryStore


class PlainVault:
    """A vault that encrypts nothing, for tests."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    async def read(self, name: str) -> str | None:
        return self.values.get(name)

    async def write(self, name: str, value: str) -> None:
        self.values[name] = value

    async def add(self, name: str, value: str) -> bool:
        return self.values.setdefault(name, value) is value

    async def names(self, prefix: str) -> list[str]:
        return [name for name in self.values if name.startswith(prefix)]

    async def erase(self, name: str) -> None:
        self.values.pop(name, None)


@dataclass
class Plugs:
    """The ports of one store, and a bucket of this test's own."""

    objects: Objects
    buckets: Buckets
    events: StoreEvents
    keys: StoreKeys
    bucket: str = field(default_factory=lambda: f"b-{uuid.uuid4().hex[:12]}")
    memory: MemoryStore | None = None
    client: SignedClient | None = None

    async def keep_versions(self) -> None:
        if self.memory:
            self.memory.keep_versions(self.bucket)
        if self.client:
            text = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
            await self.client.ask("PUT", self.bucket, query={"versioning": ""}, body=text.encode())


class LoopThread:
    """An event loop in a thread, for what has to outlive a test's loop."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="store-loop")
        self._thread.start()

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


def weed_is_here() -> bool:
    try:
        return find_weed().is_file()
    except StoreUnavailable:
        return False


@pytest.fixture(scope="session")
def seaweed(need: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    need(weed_is_here(), "SeaweedFS's program `weed`")
    thread = LoopThread()
    store = EmbeddedStore(Path(tmp_path_factory.mktemp("seaweed")))
    thread.run(store.start())
    yield store
    thread.run(store.stop())
    thread.close()


async def plugs_of(store: EmbeddedStore) -> Plugs:
    door = store.s3
    endpoint = Endpoint(url=door.url, access_key=door.access_key, secret_key=door.secret_key, folders=True)
    client = SignedClient(endpoint)
    keys = SeaweedKeys(door, PlainVault())
    return Plugs(
        objects=S3Objects(endpoint, client),
        buckets=S3Buckets(endpoint, client),
        events=SeaweedEvents(store.filer),
        keys=keys,
        client=client,
    )


@pytest.fixture
async def real(seaweed: EmbeddedStore) -> AsyncIterator[Plugs]:
    plugs = await plugs_of(seaweed)
    await plugs.buckets.create(plugs.bucket)
    yield plugs
    await plugs.client.close()  # type: ignore[union-attr]


@pytest.fixture
async def people(real: Plugs, seaweed: EmbeddedStore) -> AsyncIterator[Plugs]:
    """The store as a person sees it, with a key of his own; events and keys are the platform's."""
    key = await real.keys.key_for("alice@example")
    endpoint = Endpoint(url=seaweed.s3.url, access_key=key.access_key, secret_key=key.secret_key, folders=True)
    client = SignedClient(endpoint)
    objects, buckets = S3Objects(endpoint, client), S3Buckets(endpoint, client)
    yield Plugs(objects, buckets, real.events, real.keys, client=client)
    await client.close()


@pytest.fixture(params=["memory", "seaweed"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Plugs]:
    if request.param == "seaweed":
        plugs = await plugs_of(request.getfixturevalue("seaweed"))
    else:
        memory = MemoryStore()
        plugs = Plugs(memory.objects, memory.buckets, memory.events, memory.keys, memory=memory)
    await plugs.buckets.create(plugs.bucket)
    yield plugs
    if plugs.client:
        await plugs.client.close()
