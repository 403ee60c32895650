"""What the sweep remembers: only what a whole pass left behind, for a time, and never more than a bound."""

import pytest

from statuette.core import unchanged
from statuette.core.unchanged import WHOLE_EVERY, Unchanged, stretch_of
from statuette.testing.store import MemoryPage


@pytest.fixture
def memory(clock):
    return Unchanged(clock)


@pytest.fixture
def feed(record):
    return record(inputs=["box/in"]).feeds[0]


def remember(memory, feed, *names, revision=1):
    known, made = memory.recall(feed, revision=revision, whole=False)
    for name in names:
        made.add(name, 7)
    memory.keep(feed, made)
    return known


def test_a_pass_knows_the_pages_of_the_one_before_and_only_those(memory, feed):
    assert remember(memory, feed, b"a", b"b") == {}
    assert remember(memory, feed, b"b", b"c") == {b"a": 7, b"b": 7}
    assert remember(memory, feed) == {b"b": 7, b"c": 7}
    assert remember(memory, feed) == {}


def test_a_pass_that_does_not_reach_its_end_leaves_nothing(memory, feed):
    remember(memory, feed, b"a")
    assert memory.recall(feed, revision=1, whole=False)[0] == {b"a": 7}
    assert memory.recall(feed, revision=1, whole=False)[0] == {}
    assert len(memory) == 0


def test_another_revision_and_a_wish_for_the_whole_know_nothing(memory, feed):
    remember(memory, feed, b"a")
    assert remember(memory, feed, b"a", revision=2) == {}
    assert memory.recall(feed, revision=2, whole=True)[0] == {}


async def test_everything_is_compared_again_after_a_while_however_many_passes_there_were(memory, feed, clock):
    remember(memory, feed, b"a")
    await clock.advance(WHOLE_EVERY / 2)
    assert remember(memory, feed, b"a")
    await clock.advance(WHOLE_EVERY / 2)
    assert remember(memory, feed, b"a") == {}
    assert remember(memory, feed, b"a"), "the time begins anew"


def test_there_is_a_bound_over_all_inputs(memory, record, monkeypatch):
    monkeypatch.setattr(unchanged, "MOST_PAGES", 10)
    one, other = record("one", inputs=["box/in"]).feeds[0], record("other", inputs=["box/in"]).feeds[0]
    remember(memory, one, *(bytes([number]) for number in range(8)))
    remember(memory, other, *(bytes([number]) for number in range(8)))
    assert len(memory) == 10
    assert len(memory.recall(other, revision=1, whole=False)[0]) == 2
    memory.only([other])
    assert len(memory) == 0


def test_a_stretch_is_told_by_the_key_before_it_too(ref):
    version = ref("box", "in/b").version
    page = MemoryPage([unchanged_info("in/b", version)])
    names = {stretch_of("in/a", page), stretch_of("", page), stretch_of("in/a", None), stretch_of("", None)}
    assert len(names) == 4
    assert {len(name) for name in names} == {16}


def unchanged_info(key, version):
    from statuette.ports.objects import ObjectInfo

    return ObjectInfo(key=key, version=version, metadata={})
