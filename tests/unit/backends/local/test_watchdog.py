"""Limits by looking: what real processes hold and how many there are, said once, in words."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from statuette.backends.local.watchdog import Watchdog

MIB = 2**20
Start = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """A Python process below this one that has run `code` and waits."""
    started: list[subprocess.Popen[bytes]] = []

    def run(code: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-I", "-S", "-c", f"import os, sys\n{code}\nprint(flush=True)\nsys.stdin.read()"]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(child)
        assert child.stdout is not None
        child.stdout.readline()
        return child

    yield run
    for child in started:
        child.communicate()


FORKED = (  # two processes below it, that end with it
    "for _ in range(2):\n"
    "    if not os.fork():\n"
    "        held = b'x' * {held}\n"
    "        os.write(ready[1], b'.')\n"
    "        sys.stdin.read()\n"
    "        os._exit(0)\n"
    "for _ in range(2): os.read(ready[0], 1)"
)


def forked(held: int = 1) -> str:
    return "ready = os.pipe()\n" + FORKED.format(held=held)


async def said(watchdog: Watchdog, *, within: float = 5.0) -> list[str]:
    words: list[str] = []
    async with asyncio.timeout(within):
        await watchdog.watch(words.append)
    return words


async def test_too_much_memory_is_the_sum_of_all_processes(start: Start) -> None:
    child = start(forked(40 * MIB))
    watchdog = Watchdog(loop=child.pid, memory=60 * MIB, processes=10)
    [words] = await said(watchdog)
    assert words.endswith("MiB are held and 60 MiB allowed")
    assert 80 * MIB <= watchdog.peak < 200 * MIB


async def test_too_many_processes(start: Start) -> None:
    child = start(forked())
    assert await said(Watchdog(loop=child.pid, memory=10**12, processes=1)) == ["2 processes run and 1 are allowed"]


async def test_within_its_limits_nothing_is_said(start: Start) -> None:
    child = start(forked(10 * MIB))
    watchdog = Watchdog(loop=child.pid, memory=10**12, processes=2)
    with pytest.raises(TimeoutError):
        await said(watchdog, within=0.3)
    assert watchdog.peak >= 20 * MIB


async def test_the_peak_is_kept_when_less_is_held(start: Start) -> None:
    child = start("")
    watchdog = Watchdog(loop=child.pid, memory=10**12, processes=2, peak=123 * MIB)
    with pytest.raises(TimeoutError):
        await said(watchdog, within=0.2)
    assert watchdog.peak == 123 * MIB


async def test_process_1_itself_is_the_platform_s_and_not_counted(start: Start) -> None:
    child = start(f"held = b'x' * {40 * MIB}")
    watchdog = Watchdog(loop=child.pid, memory=20 * MIB, processes=0)
    with pytest.raises(TimeoutError):
        await said(watchdog, within=0.2)
    assert watchdog.peak == 0
