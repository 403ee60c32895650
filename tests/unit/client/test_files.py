"""Files: put, got, listed at a store in memory; keys of the platform or of the definition."""

import asyncio
import io
import threading
from pathlib import Path

import httpx
import pytest
from obstore.store import MemoryStore

from statuette.client import BadRequest, Place, Service, StoreError, StoreKeys
from statuette.client.files import ONE_REQUEST, PIECE, Reading, in_thread, send

CONFIG = {
    "config": {},
    "minio_provider": {
        "endpoint": "http://store.test",
        "region": "us-east-1",
        "access_key": "a",
        "secret_key": "very-secret",
        "verify": True,
    },
}
KEYS = StoreKeys.model_validate(CONFIG["minio_provider"])


def config(request: httpx.Request) -> httpx.Response:
    assert request.url.path == "/system/config"
    return httpx.Response(200, json=CONFIG)


@pytest.mark.parametrize("size", [0, 1, ONE_REQUEST, ONE_REQUEST + PIECE + 1])
async def test_what_was_put_comes_back_and_every_byte_is_told(connect, tmp_path: Path, size: int) -> None:
    local, told, back = tmp_path / "a b", [], io.BytesIO()
    local.write_bytes(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
    async with connect(config) as platform:
        place = Place(KEYS, "bucket", "in/a b+%ü.png")
        await platform.files.put(local, place, progress=told.append)
        assert (sum(told), await platform.files.size(place)) == (size, size)
        await platform.files.get(place, back)
    assert back.getvalue() == local.read_bytes()


async def test_a_listing_leaves_other_folders_and_markers_out(connect, buckets, tmp_path: Path) -> None:
    local = tmp_path / "f"
    local.write_bytes(b"12345")
    async with connect(config) as platform:
        for key in ("in/a", "in/sub/b", "other/c"):
            await platform.files.put(local, Place(KEYS, "bucket", key))
        await buckets["bucket"].put_async("in", b"")
        found = [file async for file in platform.files.beneath(Place(KEYS, "bucket", "in"))]
    assert [(file.place, file.size) for file in found] == [("bucket/in/a", 5), ("bucket/in/sub/b", 5)]


async def test_an_object_that_is_not_there_is_told_in_one_line(connect) -> None:
    async with connect(config) as platform:
        with pytest.raises(StoreError, match="getting bucket/in/x: there is no such object") as caught:
            await platform.files.get(Place(KEYS, "bucket", "in/x"), io.BytesIO())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("provider", ["minio", "minio.default", "MinIO"])
async def test_the_platforms_own_store_needs_its_configuration(connect, provider: str) -> None:
    async with connect(config) as platform:
        keys = await platform.files.keys(provider)
    assert keys == KEYS
    assert "very-secret" not in repr(keys)


async def test_another_store_comes_from_the_definition(connect) -> None:
    own = {"s3": {"lab": {"access_key": "k", "secret_key": "s", "region": "eu-west-1"}}}
    service = Service(name="x", storage_providers=own)
    async with connect(config) as platform:
        assert (await platform.files.keys("s3.lab", service=service)).region == "eu-west-1"


@pytest.mark.parametrize(
    ("provider", "words"), [("onedata.x", "only minio and s3"), ("s3.other", "no storage provider")]
)
async def test_a_provider_out_of_reach_is_told(connect, provider: str, words: str) -> None:
    async with connect(config) as platform:
        with pytest.raises(BadRequest, match=words):
            await platform.files.keys(provider, service=Service(name="x"))


@pytest.mark.parametrize("key", ["in//x", "/x", "in/../x"])
async def test_a_key_that_no_store_holds_is_told_in_one_line(connect, tmp_path: Path, key: str) -> None:
    (tmp_path / "f").write_bytes(b"x")
    async with connect(config) as platform:
        with pytest.raises(StoreError, match="the key is not one the store can hold") as caught:
            await platform.files.put(tmp_path / "f", Place(KEYS, "bucket", key))
    assert "\n" not in str(caught.value)


def test_an_upload_told_to_stop_leaves_no_shortened_object(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * (ONE_REQUEST + 1))
    store, stop = MemoryStore(), threading.Event()

    def stop_soon(count: int) -> None:
        stop.set()

    with (tmp_path / "f").open("rb") as file, pytest.raises(Exception, match="stopped"):
        send(store, "f", pieces_of=Reading(file, stop_soon, stop))
    assert [found for batch in store.list() for found in batch] == []


async def test_a_cancelled_transfer_is_told_to_stop() -> None:
    begun, stopped = threading.Event(), threading.Event()

    def work(stop: threading.Event) -> None:
        begun.set()
        assert stop.wait(10)
        stopped.set()

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(stopped.wait, 10)
