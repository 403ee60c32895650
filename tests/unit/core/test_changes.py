"""What other managers change is taken over, and nothing is read while nothing changes."""

from dataclasses import replace

import pytest

from statuette.core.changes import Changes
from statuette.core.ownership import Ownership
from statuette.ports.services import ServiceChanges


class Counting(ServiceChanges):
    """Counts what is asked."""

    def __init__(self, of):
        self._of = of
        self.asked = []

    async def count(self):
        self.asked.append("count")
        return await self._of.count()

    async def heads(self):
        self.asked.append("heads")
        return await self._of.heads()

    async def records(self, names):
        self.asked.append(list(names))
        return await self._of.records(names)


class House:
    """Changes over a ledger that somebody else writes."""

    def __init__(self, ledger, catalog):
        self.catalog = catalog
        self.source = Counting(ledger.changes)
        self.ownership = Ownership(ledger.vault)
        self.told = []
        self.changes = Changes(
            self.source, catalog=catalog, ownership=self.ownership, stand=self.stand, let_go=self.let_go
        )

    def stand(self, record, old):
        self.told.append((record.name, record.revision, old and old.revision))
        self.catalog.put(record)

    def let_go(self, record):
        self.told.append((record.name, "gone", record.incarnation))
        self.catalog.drop(record.name)


@pytest.fixture
def house(ledger, catalog):
    return House(ledger, catalog)


async def test_what_stands_is_taken_over_and_then_only_the_count_is_asked(house, ledger, record):
    await ledger.services.add(record("cat"))
    await ledger.services.add(record("dog"))
    assert await house.changes.look() == []
    assert house.told == [("cat", 1, None), ("dog", 1, None)]
    house.source.asked.clear()
    for _ in range(3):
        await house.changes.look()
    assert house.source.asked == ["count"] * 3


async def test_only_what_differs_is_read(house, ledger, record):
    cat = record("cat")
    for one in (cat, record("dog")):
        await ledger.services.add(one)
    await house.changes.look()
    await ledger.services.replace(replace(cat, revision=2))
    house.source.asked.clear()
    await house.changes.look()
    assert house.source.asked == ["count", "heads", ["cat"]]
    assert house.told[-1] == ("cat", 2, 1)


async def test_what_is_gone_is_let_go(house, ledger, record):
    cat = record("cat")
    await ledger.services.add(cat)
    await house.changes.look()
    await ledger.services.remove("cat")
    assert await house.changes.look() == [cat]
    assert house.catalog.find("cat") is None


async def test_a_service_made_anew_is_let_go_and_taken_over(house, ledger, record):
    cat = record("cat")
    await ledger.services.add(cat)
    await house.changes.look()
    await ledger.services.remove("cat")
    await ledger.services.add(replace(cat, incarnation="another life"))
    assert await house.changes.look() == [cat]
    assert house.told[-2:] == [("cat", "gone", cat.incarnation), ("cat", 1, None)]
    assert house.catalog.get("cat").incarnation == "another life"


async def test_whose_buckets_are_whose_comes_too(house, ledger):
    await ledger.vault.write("bucket-owner/box", "alice")
    await house.changes.look()
    assert house.ownership.owner("box") == "alice"
    await ledger.vault.erase("bucket-owner/box")
    await house.changes.look()
    assert house.ownership.owner("box") == ""


async def test_what_changes_while_we_read_is_seen_at_the_next_look(house, ledger, record):
    async def late():
        await ledger.services.add(record("late"))
        return {}

    await ledger.services.add(record("cat"))
    house.source.heads = late
    await house.changes.look()
    del house.source.heads
    await house.changes.look()
    assert sorted(one.name for one in house.catalog.all()) == ["cat", "late"]
