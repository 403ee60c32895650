"""The store of the settings: one that is attached, its door and what it can do beyond objects."""

from pathlib import Path
from typing import Any

import pytest

from statuette.adapters.store_seaweed import SeaweedEvents
from statuette.main.state import StateFolder
from statuette.main.stores import opened_store
from statuette.ports.errors import Forbidden, StoreUnavailable
from statuette.settings import Settings


def empty(folder: Path) -> bool:
    return not list(folder.iterdir())


def attached(state: Path, url: str, **more: Any) -> Settings:
    return Settings(
        state=state,
        store_endpoint=url,
        store_access_key="a",
        store_secret_key="s3cret-key",
        store_region="eu-test-1",
        **more,
    )


async def test_an_attached_store_is_asked_once_and_nothing_is_started(wire: Any, tmp_path: Path) -> None:
    wire.always(200, server="MinIO")
    async with opened_store(StateFolder(tmp_path), attached(tmp_path, wire.url)) as store:
        assert (store.endpoint.url, store.endpoint.region) == (wire.url, "eu-test-1")
        assert (store.endpoint.access_key, store.endpoint.secret_key) == ("a", "s3cret-key")
        assert store.endpoint.folders is False
        assert store.events() is None
        facts = store.facts()
    assert {name: facts[name] for name in ("kind", "state", "store")} == {
        "kind": "attached",
        "state": "ready",
        "store": "MinIO",
    }
    assert "s3cret-key" not in str(facts) + repr(store)
    assert [asked.method for asked in wire.asked] == ["GET"]
    assert empty(tmp_path)


async def test_an_attached_seaweedfs_tells_what_is_written(wire: Any, tmp_path: Path) -> None:
    wire.always(200, server="SeaweedFS 4.48")
    async with opened_store(StateFolder(tmp_path), attached(tmp_path, wire.url, store_filer="127.0.0.1:1")) as store:
        assert isinstance(store.events(), SeaweedEvents)
        assert store.endpoint.folders is True


async def test_its_client_is_closed_with_it(wire: Any, tmp_path: Path) -> None:
    async with opened_store(StateFolder(tmp_path), attached(tmp_path, wire.url)) as store:
        await store.client.ask("GET", "b")
    with pytest.raises(RuntimeError, match="closed"):
        await store.client.ask("GET", "b")


@pytest.mark.parametrize(("status", "fault"), [(403, Forbidden), (500, StoreUnavailable)])
async def test_one_that_refuses_is_not_opened(wire: Any, tmp_path: Path, status: int, fault: type[Exception]) -> None:
    wire.always(status)
    with pytest.raises(fault):
        async with opened_store(StateFolder(tmp_path), attached(tmp_path, wire.url)):
            pytest.fail("opened")
