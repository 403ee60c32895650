"""Bodies in a bucket: what one manager took in, another one reads."""

from pathlib import Path

import pytest

from statuette.adapters.bodies_files import SharedBodies
from statuette.ports.errors import NotFound, ObjectGone, StoreUnavailable
from statuette.testing.store import MemoryStore

BUCKET = "statuette-shared"


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def manager(store, tmp_path):
    def start(name):
        return SharedBodies(tmp_path / name, bucket=BUCKET, objects=store.objects, buckets=store.buckets)

    return start


async def chunks(*parts):
    for part in parts:
        yield part


def copy_of(bodies, name="gray-1"):
    """The copy here, None without one."""
    place = Path(bodies.path(name))
    return place.read_bytes() if place.exists() else None


def mode_of(bodies, name="gray-1"):
    return Path(bodies.path(name)).stat().st_mode & 0o777


async def kept(bodies, name="gray-1", *, data=b"body"):
    await bodies.keep(name, chunks(data), limit=1000)
    await bodies.share(name)


async def test_another_manager_reads_what_was_shared(manager, store):
    one, two = manager("one"), manager("two")
    await kept(one)
    assert copy_of(one) is None, "no copy stays"
    for _ in range(2):
        await two.fetch("gray-1")
        assert copy_of(two) == b"body"
        assert mode_of(two) == 0o600
    await two.drop("gray-1")
    await two.drop("gray-1")
    assert copy_of(two) is None
    assert store.content[BUCKET].objects == {}


async def test_what_was_dropped_is_told(manager, tmp_path):
    one, two = manager("one"), manager("two")
    await kept(one)
    await one.drop("gray-1")
    with pytest.raises((NotFound, ObjectGone)):
        await two.fetch("gray-1")
    assert list(tmp_path.glob("two/*")) == []


async def test_nothing_was_ever_shared(manager, store):
    await manager("one").drop("gray-1")
    with pytest.raises(NotFound):
        await manager("one").fetch("gray-1")


async def test_a_store_that_is_away_refuses_the_body_and_keeps_it_here(manager, store):
    one = manager("one")
    await one.keep("gray-1", chunks(b"body"), limit=1000)
    store.down = True
    with pytest.raises(StoreUnavailable):
        await one.share("gray-1")
    assert copy_of(one) == b"body"


async def test_copies_of_an_earlier_life_are_removed(manager):
    one, two = manager("one"), manager("two")
    await kept(one)
    await two.fetch("gray-1")
    again = manager("two")
    assert copy_of(again) is None
    await again.fetch("gray-1")
    assert copy_of(again) == b"body"
