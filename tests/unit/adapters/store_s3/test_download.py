"""Downloads: in order, bounded, and checked."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator

import pytest

from statuette.adapters.store_s3.download import RANGED, Received, ranged, tells_content
from statuette.ports.errors import StoreUnavailable


class Answer:
    """As much of obstore's `GetResult` as a range needs."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def stream(self, min_chunk_size: int) -> AsyncIterator[bytes]:
        for start in range(0, len(self._data), min_chunk_size):
            await asyncio.sleep(0)
            yield self._data[start : start + min_chunk_size]


class Source:
    """Bytes that are asked for in ranges. Later ranges are answered sooner; `most` were under way at one time."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.most = self.now = self.asked = 0
        self.cut_at = -1
        self.broken_at = -1

    async def part(self, start: int, end: int) -> Answer:
        self.asked += 1
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            for _ in range(max(0, 50 - 10 * self.asked)):
                await asyncio.sleep(0)
        finally:
            self.now -= 1
        if start <= self.broken_at < end:
            raise StoreUnavailable("broken")
        return Answer(self.data[start : end - 1 if start <= self.cut_at < end else end])


async def fetched(source: Source) -> tuple[bytes, Received]:
    sink = io.BytesIO()
    received = Received(sink)
    await ranged(source.part, len(source.data), received)  # type: ignore[arg-type]
    return sink.getvalue(), received


@pytest.fixture
def source() -> Source:
    return Source(b"".join(number.to_bytes(4, "big") for number in range((RANGED + 12) // 4)))


async def test_ranges_side_by_side_come_out_in_order_and_are_few_at_a_time(source: Source) -> None:
    data, received = await fetched(source)
    assert data == source.data
    assert (received.size, source.asked) == (len(source.data), 5)
    assert 1 < source.most <= 4
    assert received.fits(hashlib.md5(source.data, usedforsecurity=False).hexdigest())


@pytest.mark.parametrize("fault", ["broken", "cut"])
async def test_a_range_that_fails_ends_all_of_them(source: Source, fault: str) -> None:
    setattr(source, f"{fault}_at", 9 << 20)
    before = asyncio.all_tasks()
    with pytest.raises(StoreUnavailable):
        await fetched(source)
    assert asyncio.all_tasks() == before


async def test_what_came_is_compared_with_an_etag_that_is_an_md5() -> None:
    received = Received(io.BytesIO())
    await received.take(memoryview(b"hello"))
    assert received.fits("5d41402abc4b2a76b9719d911017c592")
    assert not received.fits("5d41402abc4b2a76b9719d911017c593")
    for etag in ("", "5d41402abc4b2a76b9719d911017c593-2", "not an md5"):
        assert received.fits(etag), "nothing to compare with"
    received.check_size(5)
    with pytest.raises(StoreUnavailable, match="5 of 6 bytes"):
        received.check_size(6)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, True),
        ({"x-amz-server-side-encryption": "AES256"}, True),
        ({"x-amz-server-side-encryption": "aws:kms"}, False),
        ({"x-amz-server-side-encryption": "aws:kms:dsse"}, False),
        ({"x-amz-server-side-encryption-customer-algorithm": "AES256"}, False),
    ],
)
def test_an_encrypted_object_s_etag_may_tell_nothing(headers: dict[str, str], told: bool) -> None:
    assert tells_content(headers) is told
