"""Reading bodies: what stays inline, what goes into files, what is decoded, what is dropped."""

from base64 import b64encode

import pytest

from statuette.core.reading import CLASSIFIED, INLINE, BodyLimits, Reading
from statuette.events.event import EventKind
from statuette.events.records import rfc3339
from statuette.ports.errors import DiskFull, StoreUnavailable, TooLarge
from statuette.testing.bodies import MemoryBodies

LIMIT = 4 * CLASSIFIED


@pytest.fixture
def reading(bodies, clock):
    return Reading(bodies=bodies, clock=clock, limits=BodyLimits(LIMIT))


async def test_a_small_body_is_classified_and_kept_inline(reading, bodies, body, clock):
    async with reading.read("j1", body(b'{"a"', b": 1}"), source_ip="10.0.0.9") as read:
        [event] = read.events
    assert (event.kind, event.payload, event.payload_file) == (EventKind.JSON, b'{"a": 1}', "")
    assert (event.time, event.source_ip) == (rfc3339(clock.wall()), "10.0.0.9")
    assert bodies.kept == {}


async def test_an_empty_body_is_one_empty_event(reading, body):
    async with reading.read("j1", body()) as read:
        [event] = read.events
    assert (event.kind, event.payload) == (EventKind.RAW, b"")


async def test_a_small_base64_body_is_decoded(reading, body):
    async with reading.read("j1", body(b64encode(b"\xff\xd8picture"))) as read:
        assert read.events[0].payload == b"\xff\xd8picture"


@pytest.mark.parametrize("size", [INLINE, INLINE + 1])
async def test_payloads_above_the_inline_limit_lie_in_a_file(reading, bodies, body, size):
    async with reading.read("j1", body(b"\xff" * size)) as read:
        [event] = read.events
        inline = size <= INLINE
        assert event.payload == (b"\xff" * size if inline else b"")
        assert event.payload_file == ("" if inline else "j1")
        assert bodies.kept == ({} if inline else {"j1": b"\xff" * size})


async def test_files_are_dropped_unless_they_are_kept(reading, bodies, body):
    async with reading.read("j1", body(b"\xff" * (INLINE + 1))):
        pass
    assert bodies.kept == {}
    async with reading.read("j2", body(b"\xff" * (INLINE + 1))) as read:
        read.kept = True
    assert list(bodies.kept) == ["j2"]


async def test_files_are_dropped_when_their_use_fails(reading, bodies, body):
    with pytest.raises(RuntimeError, match="use"):
        async with reading.read("j1", body(b"\xff" * (INLINE + 1))):
            raise RuntimeError("use")
    assert bodies.kept == {}


async def test_a_body_too_large_to_be_looked_into_is_raw_and_in_a_file(reading, bodies, body):
    parts = [b"\xff" * (1 << 20)] * (CLASSIFIED // (1 << 20)) + [b"tail"]
    async with reading.read("j1", body(*parts)) as read:
        [event] = read.events
        assert (event.kind, event.payload) == (EventKind.RAW, b"")
        assert bodies.kept == {event.payload_file: b"".join(parts)}


async def test_a_large_base64_body_is_decoded_file_to_file(reading, bodies, body):
    content = bytes(range(256)) * (CLASSIFIED // 256 + 7) + b"end"
    text = b64encode(content)
    lines = b"\r\n".join(text[n : n + 76_000] for n in range(0, len(text), 76_000)) + b"\n"
    async with reading.read("j1", body(lines[: CLASSIFIED + 1], lines[CLASSIFIED + 1 :])) as read:
        [event] = read.events
        assert bodies.kept == {event.payload_file: content}
    assert bodies.kept == {}


@pytest.mark.parametrize("tail", [b"not base64!", b"QQ", b"QQ==QQ==x"])
async def test_what_only_begins_like_base64_stays_as_it_is(reading, bodies, body, tail):
    head = b"A" * (CLASSIFIED + 4)
    async with reading.read("j1", body(head, tail)) as read:
        [event] = read.events
        assert bodies.kept == {event.payload_file: head + tail}


async def test_padding_in_the_middle_is_no_base64_wherever_it_stands(reading, bodies, body):
    padded = (b"A" * ((1 << 20) - 4) + b"QQ==") * 9
    async with reading.read("j1", body(padded)) as read:
        [event] = read.events
        assert bodies.kept == {event.payload_file: padded}


@pytest.mark.parametrize("most", [10, CLASSIFIED + 10])
async def test_a_body_over_the_limit_is_refused_and_leaves_nothing(bodies, clock, body, most):
    reading = Reading(bodies=bodies, clock=clock, limits=BodyLimits(most))
    with pytest.raises(TooLarge, match=str(most)):
        async with reading.read("j1", body(b"\xff" * (most - 1), b"xy")):
            pytest.fail("it was read")
    assert bodies.kept == {}


async def test_several_records_have_files_of_their_own(reading, bodies, body):
    wrapped = b'{"Records": [%s, "%s"]}' % (
        b'{"eventSource": "minio:s3", "s3": {"bucket": {"name": "b"}, "object": {"key": "k"}}}',
        b"x" * (INLINE + 1),
    )
    async with reading.read("j1", body(wrapped)) as read:
        kinds = [event.kind for event in read.events]
        files = [event.payload_file for event in read.events]
    assert kinds == [EventKind.STORAGE, EventKind.JSON]
    assert files == ["", "j1.1"]


class FullDisk(MemoryBodies):
    """Has room for one file."""

    async def keep(self, job, chunks, *, limit):
        if self.kept:
            raise DiskFull
        return await super().keep(job, chunks, limit=limit)


async def test_a_disk_that_fills_up_in_between_leaves_nothing(tmp_path, clock, body):
    bodies = FullDisk(tmp_path)
    reading = Reading(bodies=bodies, clock=clock, limits=BodyLimits(LIMIT))
    with pytest.raises(DiskFull):
        async with reading.read("j1", body(b64encode(b"x" * CLASSIFIED))):
            pytest.fail("it was read")
    assert bodies.kept == {}


class Sharing(MemoryBodies):
    """Notes what was shared; `away` is a store that does not answer."""

    def __init__(self, folder, *, away=False):
        super().__init__(folder)
        self.shared, self._away = [], away

    async def share(self, name):
        if self._away:
            raise StoreUnavailable
        self.shared.append(name)


@pytest.mark.parametrize("shared", [True, False])
async def test_what_any_manager_may_run_is_shared_before_it_is_accepted(tmp_path, clock, body, shared):
    bodies = Sharing(tmp_path)
    reading = Reading(bodies=bodies, clock=clock, limits=BodyLimits(LIMIT), shared=shared)
    async with reading.read("j1", body(b"\xff" * (INLINE + 1))):
        assert bodies.shared == (["j1"] if shared else [])


async def test_a_body_that_cannot_be_shared_is_refused_and_dropped(tmp_path, clock, body):
    bodies = Sharing(tmp_path, away=True)
    reading = Reading(bodies=bodies, clock=clock, limits=BodyLimits(LIMIT), shared=True)
    with pytest.raises(StoreUnavailable):
        async with reading.read("j1", body(b"\xff" * (INLINE + 1))):
            pytest.fail("it must not be accepted")
    assert bodies.kept == {}
