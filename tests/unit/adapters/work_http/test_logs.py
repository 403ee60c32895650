"""Logs on their way: in order, masked before they leave, bounded, and never in the script's way."""

import asyncio

import pytest

from statuette.adapters.work_http import logs as module
from statuette.adapters.work_http.logs import PIECE, ROOM, HttpLogs
from statuette.events.leases import Lease
from statuette.ports.errors import Forbidden, LeaseLost, Unavailable
from statuette.ports.wire import Done
from statuette.testing.clock import VirtualClock

LEASE = Lease(job="cat-1", attempt=2, runner="r1")


class Ear:
    """A door that hears words; `faults` are raised first, `gate` keeps it from hearing."""

    def __init__(self):
        self.heard, self.faults, self.gate = [], [], asyncio.Event()
        self.gate.set()

    async def ask(self, path, message, answer):
        await self.gate.wait()
        if self.faults:
            raise self.faults.pop(0)
        self.heard.append(message)
        assert (path, answer, message.lease) == ("/words", Done, LEASE)
        return Done()

    def said(self):
        return b"".join(data for message in self.heard for _, data in message.words)


@pytest.fixture
def ear():
    return Ear()


@pytest.fixture
def logs(ear):
    return HttpLogs(ear, "r1", clock=VirtualClock())


def opened(logs, *secrets):
    return logs.open("cat", LEASE.job, LEASE.attempt, secrets=secrets)


async def test_words_arrive_in_order_by_stream(ear, logs):
    sink = opened(logs)
    for stream, data in (("stdout", b"a"), ("stdout", b"b"), ("stderr", b"c"), ("stdout", b"d")):
        sink.write(stream, data)
    sink.close()
    sink.close()
    sink.write("stdout", b"late")
    await logs.settled(LEASE)
    assert [message.words for message in ear.heard] == [(("stdout", b"ab"), ("stderr", b"c"), ("stdout", b"d"))]


async def test_a_secret_does_not_leave_however_it_is_cut(ear, logs):
    sink = opened(logs, "hunter2")
    for data in (b"my hun", b"ter2 is", b" hunt"):
        sink.write("stdout", data)
        await asyncio.sleep(0.07)
    sink.close()
    await logs.settled(LEASE)
    assert ear.said() == b"my *** is hunt"
    assert len(ear.heard) > 1


async def test_who_says_nothing_sends_nothing(ear, logs):
    sink = opened(logs)
    sink.close()
    await logs.settled(LEASE)
    await logs.settled(Lease(job="never", attempt=1, runner="r1"))
    assert ear.heard == []


async def test_memory_is_bounded_and_what_is_cut_is_told(ear, logs):
    ear.gate.clear()
    sink = opened(logs)
    for _ in range(100):
        sink.write("stdout", b"x" * 50_000)
    assert sink._size <= ROOM
    ear.gate.set()
    sink.close()
    await logs.settled(LEASE)
    said = ear.said()
    assert b"bytes were cut here]" in said
    cut = int(said.partition(b"[statuette: ")[2].split()[0])
    assert said.count(b"x") + cut == 5_000_000
    assert max(sum(len(data) for _, data in message.words) for message in ear.heard) <= PIECE
    assert [message.number for message in ear.heard] == list(range(len(ear.heard)))


async def test_a_manager_away_for_a_moment_hears_the_same_piece_later(ear, logs):
    ear.faults = [Unavailable(), Unavailable()]
    sink = opened(logs)
    sink.write("stdout", b"a")
    sink.close()
    await logs.settled(LEASE)
    assert [(message.number, message.words) for message in ear.heard] == [(0, (("stdout", b"a"),))]


async def test_a_lost_lease_ends_the_log_and_not_the_script(ear, logs):
    ear.faults = [LeaseLost()]
    sink = opened(logs)
    sink.write("stdout", b"a")
    await asyncio.sleep(0.1)
    for _ in range(100):
        sink.write("stdout", b"x" * 50_000)
    assert sink._size <= ROOM
    sink.close()
    await logs.settled(LEASE)
    assert ear.heard == []


async def test_the_last_word_does_not_wait_for_ever(ear, logs, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    ear.gate.clear()
    sink = opened(logs)
    sink.write("stdout", b"a")
    sink.close()
    await logs.settled(LEASE)
    assert ear.heard == []


async def test_logs_are_not_read_here(logs):
    with pytest.raises(Forbidden):
        logs.read("cat", "cat-1", 1, timestamps=False, follow=False)
    with pytest.raises(Forbidden):
        await logs.remove("cat", "cat-1")
