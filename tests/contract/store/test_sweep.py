"""The sweep over the real store and its twin: what changed is found, what did not is passed over."""

import asyncio
from typing import Any

import pytest
from tests.contract.store.conftest import Plugs

from statuette.core.catalog import Catalog
from statuette.core.commits import CommitMarks
from statuette.core.comparison import SweepCount
from statuette.core.intake import Intake
from statuette.core.sweep import Sweep
from statuette.events.feeds import Feed
from statuette.ports.services import ServiceRecord
from statuette.spec import Service
from statuette.testing.clock import VirtualClock
from statuette.testing.ledger import MemoryLedger
from statuette.testing.store_suite import put

FOLDERS = [f"in/{number:02}" for number in range(30)]


class House:
    """A sweep with a ledger of its own; to it, what lies in the store has long settled."""

    def __init__(self, store: Plugs) -> None:
        self.store = store
        self.clock = VirtualClock(auto=False)
        self.ledger = MemoryLedger(self.clock)
        catalog = Catalog()
        for name, prefix in (("wide", "in/"), ("deep", "in/07/")):
            feed = Feed(
                id=name, service=name, incarnation=name, provider="minio.default", bucket=store.bucket, prefix=prefix
            )
            catalog.put(
                ServiceRecord(
                    definition=Service(name=name, image="host", script="cat\n"), incarnation=name, revision=1,
                    token=name, owner="o", created=0.0, updated=0.0, feeds=(feed,),
                )
            )  # fmt: skip
        intake = Intake(
            ledger=self.ledger.intake, catalog=catalog, marks=CommitMarks(b"k" * 32), clock=self.clock,
            wake=lambda _: None,
        )  # fmt: skip
        self.sweep = Sweep(
            objects=store.objects, ledger=self.ledger.intake, intake=intake, catalog=catalog, clock=self.clock
        )

    async def swept(self) -> SweepCount:
        return await self.sweep.everything(why="test")


@pytest.fixture
async def house(store: Plugs, monkeypatch: pytest.MonkeyPatch) -> House:
    """Three hundred objects in thirty folders, swept."""
    made = House(store)
    monkeypatch.setattr("statuette.core.comparison.SETTLED", -(10**10))  # the twin's clock is not the store's
    for folder in FOLDERS:
        await asyncio.gather(*(put(store.objects, store.bucket, key=f"{folder}/{n}") for n in range(10)))
    return made


async def test_nothing_is_missed_and_nothing_compared_twice(house: House) -> None:
    store = house.store
    assert (await house.swept()).recovered == 310
    count = await house.swept()
    assert (count.listed, count.unchanged, count.recovered) == (310, 310, 0)
    await asyncio.sleep(1.1)  # the store tells whole seconds
    await put(store.objects, store.bucket, key="in/07/3")
    await store.objects.remove(store.bucket, ["in/11/5"])
    await put(store.objects, store.bucket, key="in/11/5", data=b"x")
    await put(store.objects, store.bucket, key="in/12-between")
    count = await house.swept()
    assert (count.listed, count.recovered) == (311, 4), "one of them in both inputs"
    assert (await house.swept()).unchanged == 311


async def test_where_versions_are_kept_unchanged_objects_are_not_asked_for_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = house.store
    await store.keep_versions()
    for key in ("in/00/1", "in/07/3", "in/29/9"):
        await put(store.objects, store.bucket, key=key, data=b"next")
    assert (await house.swept()).recovered == 310
    asked: list[Any] = []
    head = type(store.objects).head

    async def counting(objects: Any, ref: Any) -> Any:
        asked.append(ref.key)
        return await head(objects, ref)

    monkeypatch.setattr(type(store.objects), "head", counting)
    assert (await house.swept()).unchanged == 310
    assert asked == []
    await asyncio.sleep(1.1)
    await store.objects.remove(store.bucket, ["in/00/2"])
    monkeypatch.setattr(type(store.objects), "head", head)
    await put(store.objects, store.bucket, key="in/07/3", data=b"again")
    count = await house.swept()
    assert (count.listed, count.recovered) == (309, 2)


async def test_pages_are_the_same_as_long_as_their_objects_are(house: House) -> None:
    store = house.store

    async def digests() -> list[bytes]:
        return [page.digest() async for page in store.objects.list(store.bucket, "in/")]

    before = await digests()
    assert before == await digests()
    await asyncio.sleep(1.1)
    await put(store.objects, store.bucket, key="in/15/5")
    assert before != await digests()
