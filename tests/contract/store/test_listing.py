"""Listings: in order of key, resumed after any key, whatever order the store itself has."""

import asyncio

import pytest
from tests.contract.store.conftest import Plugs

from statuette.testing.store_suite import listed, put

# "-", "." and "!" sort before "/", which a store of folders does not see.
KEYS = ["in/a", "in/a/x", "in/a/y/z", "in/a-b", "in/a.txt", "in/a!/1", "in/a /2", "in/a0", "in/B", "in/b/", "in/b/q", "in/ä", "top"]  # fmt: skip # noqa: E501


@pytest.mark.parametrize("versioned", [False, True])
async def test_keys_come_in_order(store: Plugs, versioned: bool) -> None:
    if versioned:
        await store.keep_versions()
    for key in KEYS:
        await put(store.objects, store.bucket, key=key, data=b"" if key.endswith("/") else b"x")
    keys = [info.key for info in await listed(store.objects, store.bucket)]
    assert keys == sorted(KEYS)


async def test_a_listing_resumes_after_any_key(store: Plugs) -> None:
    for key in KEYS:
        await put(store.objects, store.bucket, key=key, data=b"" if key.endswith("/") else b"x")
    for after in [*KEYS, "in/a/", "in/a~", "zzz"]:
        keys = [info.key for info in await listed(store.objects, store.bucket, "in/", after=after)]
        assert keys == sorted(key for key in KEYS if key.startswith("in/") and key > after), after


async def test_a_listing_of_many_pages_loses_nothing(store: Plugs) -> None:
    expected = [f"in/{number:05}" for number in range(2100)]
    for start in range(0, len(expected), 50):
        await asyncio.gather(*(put(store.objects, store.bucket, key=key) for key in expected[start : start + 50]))
    pages = [page async for page in store.objects.list(store.bucket, "in/")]
    assert [info.key for page in pages for info in await page.objects()] == expected
    assert max(page.count for page in pages) <= 1000
