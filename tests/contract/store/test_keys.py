"""Keys that are hard to carry: each comes back as it went in, or is refused; none becomes another."""

import pytest
from tests.contract.store.conftest import Plugs

from statuette.ports.errors import BadInput
from statuette.testing.store_suite import get, listed, put

CARRIED = [
    "in/a b",
    "in/a+b",
    "in/a%b",
    "in/a%20b",
    "in/a%2Fb",
    "in/ü名😀",
    "in/e\u0301",
    "in/a#b?c&d=e;f",
    "in/~*'()!$@,:",
    'in/<>"|{}^`[]',
    "in/...",
    "in/a\tb",
    "in/a\nb",
    "in/a\x7fb",
    "in/" + "/".join(["k" * 200] * 5)[:990],
    "in/" + "s" * 252,
    "in/folder/",
]

FOLDED = ["in//x", "/in/x", "in/./x", "in/../x", "in/a\\b", "in/" + "s" * 256, "in/x//"]


@pytest.mark.parametrize("key", CARRIED, ids=ascii)
async def test_a_key_comes_back_as_it_went_in(store: Plugs, key: str) -> None:
    data = b"" if key.endswith("/") else b"data"
    version = await put(store.objects, store.bucket, key=key, data=data, metadata={"m": "1"})
    info, read = await get(store.objects, store.bucket, key=key, version=version)
    assert (info.key, read, info.metadata["m"] if data else "1") == (key, data, "1")
    assert [info.key for info in await listed(store.objects, store.bucket)] == [key]
    await store.objects.remove(store.bucket, [key])
    assert await listed(store.objects, store.bucket) == []


@pytest.mark.parametrize("key", FOLDED, ids=ascii)
async def test_a_key_that_seaweed_would_change_is_refused(real: Plugs, key: str) -> None:
    with pytest.raises(BadInput):
        await put(real.objects, real.bucket, key=key)
    assert await listed(real.objects, real.bucket) == []


@pytest.mark.parametrize("key", ["", "k" * 1025])
async def test_no_store_takes_an_empty_or_endless_key(store: Plugs, key: str) -> None:
    with pytest.raises(BadInput):
        await put(store.objects, store.bucket, key=key)
