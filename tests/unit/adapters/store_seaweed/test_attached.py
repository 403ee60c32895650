"""A store that somebody else runs: there or not, and what kind it is."""

from typing import Any

import pytest

from statuette.adapters.store_seaweed import AttachedStore, FilerDoor, S3Door
from statuette.ports.errors import Forbidden, StoreUnavailable


@pytest.fixture
def store(wire: Any) -> AttachedStore:
    return AttachedStore(S3Door(url=wire.url, access_key="a", secret_key="s3cret-key"))


@pytest.mark.parametrize(("server", "folders"), [("SeaweedFS 30GB 4.48", True), ("MinIO", False), ("", False)])
async def test_its_software_says_how_it_keeps_keys(wire: Any, store: AttachedStore, server: str, folders: bool) -> None:
    assert store.facts()["store"] == "unknown"
    wire.always(200, server=server)
    await store.check()
    assert store.folders is folders
    assert store.facts()["store"] == (server or "unknown")


async def test_whether_it_tells_what_is_written(store: AttachedStore) -> None:
    assert "sweep alone" in store.facts()["store events"]
    assert "stream" in AttachedStore(store.s3, filer=FilerDoor(target="x:1")).facts()["store events"]


@pytest.mark.parametrize(
    ("status", "fault"), [(401, Forbidden), (403, Forbidden), (404, StoreUnavailable), (500, StoreUnavailable)]
)
async def test_one_that_refuses(wire: Any, store: AttachedStore, status: int, fault: type[Exception]) -> None:
    wire.always(status, "s3cret-key")
    with pytest.raises(fault) as caught:
        await store.check()
    assert "s3cret-key" not in str(caught.value)


async def test_one_that_is_away(wire: Any, store: AttachedStore) -> None:
    wire.answer = lambda _: b""
    with pytest.raises(StoreUnavailable, match="does not answer"):
        await store.check()
