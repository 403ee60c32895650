"""The stream of what is written: what it tells, what it leaves out, which versions it means."""

import asyncio
from xml.sax.saxutils import escape

import pytest
from tests.contract.store.conftest import Plugs

from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.ports.errors import StoreUnavailable
from statuette.testing.store import MemoryStore
from statuette.testing.store_suite import Reader, get, listed, put


async def _identities(store: Plugs, key: str) -> set[str]:
    head = await store.objects.head(ObjectRef(bucket=store.bucket, key=key))
    (info,) = [info for info in await listed(store.objects, store.bucket) if info.key == key]
    assert head is not None
    return {head.version.identity, info.version.identity}


async def test_the_first_notice_says_that_the_stream_stands(store: Plugs) -> None:
    async with Reader(store.events.follow(await store.events.now())) as reader:
        assert reader.notices[0].ref is None


@pytest.mark.parametrize("data", [b"", b"small", b"x" * 5_000_000], ids=["empty", "small", "chunks"])
@pytest.mark.parametrize("versioned", [False, True])
async def test_a_notice_means_the_version_that_head_and_listing_mean(
    store: Plugs, data: bytes, versioned: bool
) -> None:
    if versioned:
        await store.keep_versions()
    async with Reader(store.events.follow(await store.events.now())) as reader:
        stored = await put(store.objects, store.bucket, key="in/a", data=data, metadata={"statuette-commit": "c1"})
        (notice,) = await reader.until(store.bucket, 1)
    assert notice.ref
    assert notice.ref.version
    assert (notice.ref.key, notice.commit, notice.gone) == ("in/a", "c1", False)
    assert {notice.ref.version.identity, stored.identity} == await _identities(store, "in/a")
    assert notice.ref.version == stored


async def test_an_overwrite_and_a_deletion_are_told(store: Plugs) -> None:
    async with Reader(store.events.follow(await store.events.now())) as reader:
        first = await put(store.objects, store.bucket, key="in/a", data=b"1")
        second = await put(store.objects, store.bucket, key="in/a", data=b"2")
        await store.objects.remove(store.bucket, ["in/a"])
        notices = await reader.until(store.bucket, 3)
    assert [(notice.gone, notice.ref and notice.ref.version) for notice in notices] == [
        (False, first),
        (False, second),
        (True, None),
    ]
    positions = [notice.position for notice in notices]
    assert positions == sorted(positions)


async def test_the_stream_replays_from_a_position_that_one_included(store: Plugs) -> None:
    async with Reader(store.events.follow(await store.events.now())) as reader:
        for key in ("a", "b", "c"):
            await put(store.objects, store.bucket, key=key)
        before = await reader.until(store.bucket, 3)
    async with Reader(store.events.follow(before[1].position)) as reader:
        again = await reader.until(store.bucket, 2)
    assert again == before[1:]


async def test_an_object_that_becomes_a_folder_too_keeps_its_identity(store: Plugs) -> None:
    async with Reader(store.events.follow(await store.events.now())) as reader:
        stored = await put(store.objects, store.bucket, key="in/x", data=b"1")
        await put(store.objects, store.bucket, key="in/x/y", data=b"2")
        newer = await put(store.objects, store.bucket, key="in/x", data=b"3")
        await asyncio.sleep(0.3)
        notices = [notice for notice in reader.of(store.bucket) if notice.ref and notice.ref.key == "in/x"]
    assert {notice.ref.version for notice in notices if notice.ref} == {stored, newer}
    assert (await get(store.objects, store.bucket, key="in/x", version=newer))[1] == b"3"


async def test_a_multipart_upload_is_one_notice_with_the_store_s_etag(real: Plugs) -> None:
    async with Reader(real.events.follow(await real.events.now())) as reader:
        stored = await put(real.objects, real.bucket, key="in/big", data=b"z" * 40_000_000)
        (notice,) = await reader.until(real.bucket, 1)
    assert stored.etag.endswith("-3")
    assert notice.ref
    assert notice.ref.version == stored
    assert await _identities(real, "in/big") == {stored.identity}


async def test_a_copy_is_a_new_object(real: Plugs) -> None:
    assert real.client
    await put(real.objects, real.bucket, key="in/a", data=b"hello")
    async with Reader(real.events.follow(await real.events.now())) as reader:
        source = {"x-amz-copy-source": escape(f"/{real.bucket}/in/a")}
        await real.client.ask("PUT", real.bucket, key="in/copy", headers=source)
        (notice,) = await reader.until(real.bucket, 1)
    assert notice.ref
    assert notice.ref.key == "in/copy"
    assert await _identities(real, "in/copy") == {(notice.ref.version or ObjectVersion("", 0, 0)).identity}


async def test_tags_acls_folders_and_unfinished_uploads_are_left_out(real: Plugs) -> None:
    assert real.client
    await put(real.objects, real.bucket, key="in/a", data=b"hello")
    async with Reader(real.events.follow(await real.events.now())) as reader:
        tags = b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"
        await real.client.ask("PUT", real.bucket, key="in/a", query={"tagging": ""}, body=tags)
        await real.client.ask("PUT", real.bucket, key="in/a", query={"acl": ""}, headers={"x-amz-acl": "private"})
        await put(real.objects, real.bucket, key="in/folder/", data=b"")
        await real.client.ask("POST", real.bucket, key="in/never", query={"uploads": ""})
        await put(real.objects, real.bucket, key="in/last", data=b"1")
        notices = await reader.until(real.bucket, 1)
    assert [notice.ref.key for notice in notices if notice.ref] == ["in/last"]


async def test_seaweed_does_not_tell_who_uploaded(real: Plugs, people: Plugs) -> None:
    async with Reader(people.events.follow(await people.events.now())) as reader:
        await put(people.objects, real.bucket, key="in/a")
        await put(real.objects, real.bucket, key="in/b")
        notices = await reader.until(real.bucket, 2)
    assert [notice.uploader for notice in notices] == ["", ""]


async def test_the_store_s_clock_is_this_machine_s(real: Plugs) -> None:
    before = asyncio.get_running_loop().time()
    version = await put(real.objects, real.bucket, key="in/a")
    now = await real.events.now()
    assert 0 <= now / 1e9 - version.modified < 2 + asyncio.get_running_loop().time() - before


async def test_a_position_ahead_of_the_clock_gets_nothing(store: Plugs) -> None:
    async with Reader(store.events.follow(await store.events.now() + 60 * 10**9)) as reader:
        await put(store.objects, store.bucket, key="in/a")
        await asyncio.sleep(0.3)
        assert reader.of(store.bucket) == []


async def test_the_twin_s_faults() -> None:
    store = MemoryStore()
    await store.buckets.create("data")
    store.break_puts(1)
    with pytest.raises(StoreUnavailable):
        await put(store.objects, "data", key="a")
    stream = store.events.follow(0)
    await anext(stream)
    await put(store.objects, "data", key="a")
    assert (await anext(stream)).ref
    store.forget(1)
    store.cut()
    with pytest.raises(StoreUnavailable):
        await anext(stream)
    replayed = store.events.follow(0)
    assert (await anext(replayed)).ref is None
    assert store.log == []
    store.down = True
    with pytest.raises(StoreUnavailable):
        await store.events.now()
