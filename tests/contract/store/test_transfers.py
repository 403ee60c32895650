"""Transfers over a bad line to a real store: what arrives changed is refused, what is overwritten meanwhile is gone."""

import hashlib
import io
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from tests.contract.store.conftest import Plugs

from statuette.adapters.store_s3 import Endpoint, S3Buckets, S3Objects, SignedClient
from statuette.adapters.store_seaweed import EmbeddedStore
from statuette.events.objects import ObjectRef
from statuette.ports.errors import Fault, ObjectGone, StoreUnavailable
from statuette.testing.slow_door import SlowDoor

MIB = 1 << 20
NEEDLE = b"needle in the hay"


class Twist:
    """Changes the first `times` needles that pass."""

    def __init__(self, times: int = 1) -> None:
        self.left = times

    def __call__(self, data: bytes) -> bytes:
        if self.left and NEEDLE in data:
            self.left -= 1
            return data.replace(NEEDLE, NEEDLE.upper(), 1)
        return data


@pytest.fixture
async def far(seaweed: EmbeddedStore) -> AsyncIterator[tuple[Plugs, SlowDoor]]:
    """The real store behind a door."""
    url = urlsplit(seaweed.s3.url)
    keys = seaweed.s3
    async with SlowDoor(str(url.hostname), int(url.port or 0)).open() as door:
        endpoint = Endpoint(
            url=f"http://127.0.0.1:{door.port}", access_key=keys.access_key, secret_key=keys.secret_key, folders=True
        )
        client = SignedClient(endpoint)
        buckets = S3Buckets(endpoint, client)
        plugs = Plugs(S3Objects(endpoint, client), buckets, None, None, client=client)  # type: ignore[arg-type]
        await buckets.create(plugs.bucket)
        yield plugs, door
        await client.close()


def hay(size: int) -> bytes:
    block = os.urandom(MIB)
    data = bytearray(b"".join(number.to_bytes(8, "big") + block[8:] for number in range(size // MIB + 1))[:size])
    data[size // 2 : size // 2 + len(NEEDLE)] = NEEDLE
    return bytes(data)


@pytest.mark.parametrize("size", [100, 3 * MIB, 40 * MIB])
async def test_an_upload_that_arrives_changed_is_refused_and_can_be_made_again(
    far: tuple[Plugs, SlowDoor], size: int
) -> None:
    plugs, door = far
    ref, data = ObjectRef(bucket=plugs.bucket, key=f"up/{size}"), hay(size)
    door.up = Twist()
    with pytest.raises(StoreUnavailable):
        await plugs.objects.put(ref, io.BytesIO(data), size=size, metadata={})
    assert await plugs.objects.head(ref) is None, "nothing was stored"
    await plugs.objects.put(ref, io.BytesIO(data), size=size, metadata={})
    sink = io.BytesIO()
    info = await plugs.objects.fetch(ref, sink)
    assert (info.version.size, sink.getvalue() == data) == (size, True)


@pytest.mark.parametrize("size", [100, 3 * MIB, 40 * MIB])
async def test_a_download_that_arrives_changed_is_told_apart_by_its_etag(
    far: tuple[Plugs, SlowDoor], size: int
) -> None:
    plugs, door = far
    data = hay(size)
    assert plugs.client is not None
    await plugs.client.ask("PUT", plugs.bucket, key="down/x", body=data)
    head = await plugs.objects.head(ObjectRef(bucket=plugs.bucket, key="down/x"))
    assert head is not None
    assert head.version.etag == hashlib.md5(data, usedforsecurity=False).hexdigest()
    ref = ObjectRef(bucket=plugs.bucket, key="down/x", version=head.version)
    door.down = Twist()
    with pytest.raises(StoreUnavailable, match="another content"):
        await plugs.objects.fetch(ref, io.BytesIO())
    sink = io.BytesIO()
    await plugs.objects.fetch(ref, sink)
    assert sink.getvalue() == data


async def test_a_large_object_is_fetched_in_ranges_side_by_side(far: tuple[Plugs, SlowDoor], tmp_path: Path) -> None:
    plugs, door = far
    ref, data = ObjectRef(bucket=plugs.bucket, key="large"), hay(70 * MIB + 13)
    await plugs.objects.put(ref, io.BytesIO(data), size=len(data), metadata={})
    head = await plugs.objects.head(ref)
    assert head is not None
    before = door.requests
    with (tmp_path / "large").open("w+b") as sink:
        await plugs.objects.fetch(ObjectRef(bucket=ref.bucket, key=ref.key, version=head.version), sink)
        sink.seek(0)
        assert hashlib.sha256(sink.read()).digest() == hashlib.sha256(data).digest()
    assert door.requests - before >= 9


class Overwriting(io.BytesIO):
    """A sink that has the object replaced when its first bytes come."""

    def __init__(self, replace: Callable[[], object]) -> None:
        super().__init__()
        self._replace = replace

    def write(self, data: Any) -> int:
        if self.tell() == 0:
            self._replace()
        return super().write(data)


async def test_overwritten_between_two_ranges_is_gone(far: tuple[Plugs, SlowDoor], seaweed: EmbeddedStore) -> None:
    plugs, _ = far
    ref, data = ObjectRef(bucket=plugs.bucket, key="large"), hay(70 * MIB)
    await plugs.objects.put(ref, io.BytesIO(data), size=len(data), metadata={})
    head = await plugs.objects.head(ref)
    assert head is not None
    store = boto3.client(
        "s3",
        endpoint_url=seaweed.s3.url,
        aws_access_key_id=seaweed.s3.access_key,
        aws_secret_access_key=seaweed.s3.secret_key,
        region_name="us-east-1",
    )
    sink = Overwriting(lambda: store.put_object(Bucket=ref.bucket, Key=ref.key, Body=b"new"))
    with pytest.raises(ObjectGone):
        await plugs.objects.fetch(ObjectRef(bucket=ref.bucket, key=ref.key, version=head.version), sink)


async def test_over_a_slow_line_all_arrives(far: tuple[Plugs, SlowDoor]) -> None:
    plugs, door = far
    door.latency, door.rate = 0.05, 4 * MIB
    ref, data = ObjectRef(bucket=plugs.bucket, key="slow"), hay(6 * MIB)
    await plugs.objects.put(ref, io.BytesIO(data), size=len(data), metadata={})
    sink = io.BytesIO()
    await plugs.objects.fetch(ref, sink)
    assert sink.getvalue() == data


async def test_a_line_that_breaks_in_the_middle_is_told(far: tuple[Plugs, SlowDoor]) -> None:
    plugs, door = far
    ref, data = ObjectRef(bucket=plugs.bucket, key="cut"), hay(3 * MIB)
    await plugs.objects.put(ref, io.BytesIO(data), size=len(data), metadata={})

    def cut(data: bytes) -> bytes:
        if NEEDLE in data:
            raise ConnectionResetError
        return data

    door.down = cut
    with pytest.raises(Fault) as told:
        await plugs.objects.fetch(ref, io.BytesIO())
    assert isinstance(told.value, StoreUnavailable)
