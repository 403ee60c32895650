"""What any store's `Objects` and `Buckets` promise, on the twin and on a real SeaweedFS."""

import io
import time

import pytest
from tests.contract.store.conftest import Plugs

from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.ports.errors import BadInput, Conflict, NotFound, ObjectGone
from statuette.testing.store_suite import get, listed, put


async def test_what_is_put_is_read_back_with_its_metadata(store: Plugs) -> None:
    version = await put(store.objects, store.bucket, key="in/a", data=b"hello", metadata={"Statuette-Commit": "c1"})
    info, data = await get(store.objects, store.bucket, key="in/a", version=version)
    assert data == b"hello"
    assert info.version == version
    assert info.metadata["statuette-commit"] == "c1"
    assert version.etag == "5d41402abc4b2a76b9719d911017c592"
    assert abs(version.modified - time.time()) < 5


async def test_head_tells_what_fetch_tells_and_none_for_nothing(store: Plugs) -> None:
    version = await put(store.objects, store.bucket, key="in/a", data=b"hello", metadata={"k": "v"})
    info = await store.objects.head(ObjectRef(bucket=store.bucket, key="in/a"))
    assert info is not None
    assert (info.version, dict(info.metadata)) == (version, {"k": "v"})
    assert await store.objects.head(ObjectRef(bucket=store.bucket, key="in/none")) is None


async def test_an_empty_object_is_an_object(store: Plugs) -> None:
    version = await put(store.objects, store.bucket, key="in/empty", data=b"")
    info, data = await get(store.objects, store.bucket, key="in/empty", version=version)
    assert (data, info.version.size) == (b"", 0)


async def test_listing_has_the_same_versions_as_head(store: Plugs) -> None:
    version = await put(store.objects, store.bucket, key="in/a", data=b"hello")
    (info,) = await listed(store.objects, store.bucket, "in/")
    assert (info.key, info.version.identity) == ("in/a", version.identity)


async def test_an_overwritten_version_is_gone(store: Plugs) -> None:
    old = await put(store.objects, store.bucket, key="in/a", data=b"old")
    await put(store.objects, store.bucket, key="in/a", data=b"new")
    with pytest.raises(ObjectGone):
        await get(store.objects, store.bucket, key="in/a", version=old)


async def test_a_deleted_object_is_gone_and_deleting_again_is_no_error(store: Plugs) -> None:
    await put(store.objects, store.bucket, key="in/a")
    await store.objects.remove(store.bucket, ["in/a", "in/none"])
    await store.objects.remove(store.bucket, ["in/a"])
    with pytest.raises(ObjectGone):
        await get(store.objects, store.bucket, key="in/a")


async def test_an_old_version_is_read_where_versions_are_kept(store: Plugs) -> None:
    await store.keep_versions()
    old = await put(store.objects, store.bucket, key="in/a", data=b"old")
    new = await put(store.objects, store.bucket, key="in/a", data=b"new")
    assert old.version_id
    assert old.version_id != new.version_id
    assert (await get(store.objects, store.bucket, key="in/a", version=old))[1] == b"old"
    (info,) = await listed(store.objects, store.bucket)
    assert info.version.identity == new.identity


@pytest.mark.parametrize("verb", ["head", "fetch", "put", "list", "remove"])
async def test_a_bucket_that_is_not_there_is_not_found(store: Plugs, verb: str) -> None:
    ref = ObjectRef(bucket="no-such-bucket", key="in/a")
    with pytest.raises(NotFound):  # noqa: PT012
        if verb == "head":
            await store.objects.head(ref)
        elif verb == "fetch":
            await store.objects.fetch(ref, io.BytesIO())
        elif verb == "put":
            await put(store.objects, ref.bucket, key=ref.key)
        elif verb == "list":
            await listed(store.objects, ref.bucket)
        else:
            await store.objects.remove(ref.bucket, [ref.key])


async def test_a_source_that_ends_early_stores_nothing(store: Plugs) -> None:
    ref = ObjectRef(bucket=store.bucket, key="in/short")
    with pytest.raises(OSError, match="ended"):
        await store.objects.put(ref, io.BytesIO(b"abc"), size=5, metadata={})
    assert await store.objects.head(ref) is None


async def test_only_the_size_asked_for_is_read_from_where_the_file_stands(store: Plugs) -> None:
    source = io.BytesIO(b"0123456789")
    source.seek(2)
    ref = ObjectRef(bucket=store.bucket, key="in/part")
    await store.objects.put(ref, source, size=3, metadata={})
    assert (await get(store.objects, store.bucket, key="in/part"))[1] == b"234"


async def test_an_etag_that_never_was_is_gone(store: Plugs) -> None:
    await put(store.objects, store.bucket, key="in/a")
    with pytest.raises(ObjectGone):  # noqa: PT012
        never = ObjectVersion(etag="0" * 32, size=1, modified=0)
        await get(store.objects, store.bucket, key="in/a", version=never)


async def test_buckets_are_made_once_named_and_removed_when_empty(store: Plugs) -> None:
    assert await store.buckets.create(store.bucket) is False
    assert store.bucket in await store.buckets.names()
    await put(store.objects, store.bucket, key="in/a")
    with pytest.raises(Conflict):
        await store.buckets.remove(store.bucket)
    await store.objects.remove(store.bucket, ["in/a"])
    await store.buckets.remove(store.bucket)
    await store.buckets.remove(store.bucket)
    assert store.bucket not in await store.buckets.names()


async def test_a_bucket_tells_whether_it_keeps_versions(store: Plugs) -> None:
    assert await store.buckets.versioned(store.bucket) is False
    await store.keep_versions()
    assert await store.buckets.versioned(store.bucket) is True
    with pytest.raises(NotFound):
        await store.buckets.versioned("not-there-at-all")


@pytest.mark.parametrize("name", ["x", "Up", "a/b", "-", "b" * 64, "UPPERCASE", "under_score!", ""])
async def test_a_bucket_name_that_no_store_takes_is_bad_input(store: Plugs, name: str) -> None:
    with pytest.raises(BadInput):
        await store.buckets.create(name)
