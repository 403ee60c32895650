"""Logs in a bucket: what an attempt said at one manager is read at another."""

import pytest

from statuette.adapters.logs_files import SharedLogs
from statuette.ports.errors import NotFound
from statuette.testing.clock import VirtualClock
from statuette.testing.store import MemoryStore

BUCKET = "statuette-shared"


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def manager(store, tmp_path):
    def start(name, **settings):
        return SharedLogs(
            tmp_path / name, bucket=BUCKET, objects=store.objects, buckets=store.buckets, clock=VirtualClock(),
            **settings,
        )  # fmt: skip

    return start


def said(logs, text=b"words\n", *, job="job-1", attempt=1):
    sink = logs.open("gray", job, attempt, secrets=("s3cret",))
    sink.write("stdout", text)
    return sink


async def read(logs, *, job="job-1", attempt=1, **choices):
    blocks = logs.read("gray", job, attempt, **{"timestamps": False, "follow": False} | choices)
    return b"".join([block async for block in blocks])


async def test_an_ended_attempt_is_read_at_another_manager(manager, tmp_path):
    one, two = manager("one"), manager("two")
    said(one, b"a s3cret word\n").close()
    await one.settle("gray", "job-1", 1)
    for logs in (one, two):
        assert await read(logs) == b"a *** word\n"
        assert (await read(logs, timestamps=True)).endswith(b"Z a *** word\n")
    assert list(tmp_path.glob("*/gray/*/*")) == [], "nothing is kept twice"


async def test_while_it_is_written_it_is_read_where_it_is_written(manager):
    one, two = manager("one"), manager("two")
    sink = said(one, b"half\n" * 100_000)
    await one.settle("gray", "job-1", 1)
    with pytest.raises(NotFound):
        await read(two)
    sink.close()
    assert await read(one) == b"half\n" * 100_000
    await one.settle("gray", "job-1", 1)
    assert await read(two, follow=True) == b"half\n" * 100_000


async def test_all_segments_and_the_gap_between_them_are_handed_over(manager):
    one, two = manager("one", limit=64 * 1024), manager("two")
    said(one, b"".join(b"line %06d\n" % number for number in range(20_000))).close()
    here = await read(one)
    assert b"bytes were cut here" in here
    await one.settle("gray", "job-1", 1)
    assert await read(two) == here


async def test_a_log_without_a_word_hands_over_nothing(manager, store):
    one = manager("one")
    one.open("gray", "job-1", 1, secrets=()).close()
    await one.settle("gray", "job-1", 1)
    await one.settle("gray", "../x", 1)
    assert BUCKET not in store.content
    with pytest.raises(NotFound):
        await read(one)


async def test_what_could_not_be_handed_over_stays_and_goes_at_the_next_start(manager, store, caplog):
    one = manager("one")
    said(one).close()
    said(one, attempt=2).close()
    store.down = True
    await one.settle("gray", "job-1", 1)
    assert "stays here" in caplog.text
    store.down = False
    assert await read(one) == b"words\n"
    again, two = manager("one"), manager("two")
    await again.settle_all()
    assert await read(two) == await read(two, attempt=2) == b"words\n"


async def test_removed_at_one_manager_it_is_gone_everywhere(manager, store):
    one, two = manager("one"), manager("two")
    await two.remove("gray", "job-1")
    for job, attempt in (("job-1", 1), ("job-1", 2), ("job-11", 1)):
        said(one, job=job, attempt=attempt).close()
        await one.settle("gray", job, attempt)
    await two.remove("gray", "job-1")
    for attempt in (1, 2):
        with pytest.raises(NotFound):
            await read(one, attempt=attempt)
    assert await read(two, job="job-11") == b"words\n"
