"""The embedded store's life: killed, started again, left behind, taken over; what it acknowledged stays."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.contract.store.conftest import plugs_of, weed_is_here

from statuette.adapters.store_seaweed import EmbeddedStore, StoreHealth, StoreState
from statuette.ports.errors import StoreUnavailable
from statuette.testing.store_suite import Reader, get, listed, put

MANAGER = """
import asyncio, sys
from pathlib import Path
from statuette.adapters.store_seaweed import EmbeddedStore
async def main():
    store = EmbeddedStore(Path(sys.argv[1]))
    await store.start()
    print(store.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.fixture
async def own(tmp_path: Path, need: Any) -> AsyncIterator[EmbeddedStore]:
    need(weed_is_here(), "SeaweedFS's program `weed`")
    store = EmbeddedStore(tmp_path / "store")
    yield store
    await store.stop()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def wait_dead(pid: int) -> None:
    async with asyncio.timeout(5):
        while alive(pid):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_it_answers_within_three_seconds_and_ends_at_once(own: EmbeddedStore) -> None:
    begun = time.monotonic()
    await own.start()
    assert time.monotonic() - begun < 3
    pid = own.pid
    assert pid
    assert own.health.state is StoreState.READY
    begun = time.monotonic()
    await own.stop()
    assert time.monotonic() - begun < 1
    assert not alive(pid)
    assert own.health.state is StoreState.STOPPED
    port = own.filer.target.rpartition(":")[2]
    assert not list(Path("/tmp").glob(f"seaweedfs-*-{port}.sock"))  # noqa: ASYNC240


async def test_killed_it_comes_back_with_every_object_and_its_stream_goes_on(own: EmbeddedStore) -> None:
    await own.start()
    store = await plugs_of(own)
    await store.buckets.create(store.bucket)
    key = await store.keys.key_for("alice")
    position = await store.events.now()
    for start in range(0, 300, 20):
        await asyncio.gather(*(put(store.objects, store.bucket, key=f"in/{n:03}") for n in range(start, start + 20)))
    assert own.pid
    os.kill(own.pid, signal.SIGKILL)
    await wait_dead(own.pid)
    await asyncio.sleep(0.1)
    await asyncio.wait_for(own.ready(), 20)
    assert (own.health.restarts, own.health.error) == (1, "ended by signal 9")
    assert [info.key for info in await listed(store.objects, store.bucket)] == [f"in/{n:03}" for n in range(300)]
    assert (await get(store.objects, store.bucket, key="in/299"))[1] == b"x"
    async with Reader(store.events.follow(position)) as reader:
        await put(store.objects, store.bucket, key="in/new")
        notices = await reader.until(store.bucket, 1)
        assert [n.ref.key for n in notices if n.ref and n.ref.key == "in/new"] == ["in/new"]
    assert await store.keys.key_for("alice") == key
    assert store.client
    await store.client.close()


async def test_a_reader_of_the_stream_hears_of_the_store_s_death(own: EmbeddedStore) -> None:
    await own.start()
    store = await plugs_of(own)
    stream = store.events.follow(await store.events.now())
    await anext(stream)
    assert own.pid
    os.kill(own.pid, signal.SIGKILL)
    with pytest.raises(StoreUnavailable):  # noqa: PT012
        async with asyncio.timeout(10):
            while True:
                await anext(stream)


async def test_states_are_told_as_they_change(tmp_path: Path, need: Any) -> None:
    need(weed_is_here(), "SeaweedFS's program `weed`")
    told: list[StoreHealth] = []
    store = EmbeddedStore(tmp_path, on_change=told.append)
    await store.start()
    assert store.pid
    os.kill(store.pid, signal.SIGKILL)
    async with asyncio.timeout(20):
        while [health.state for health in told].count(StoreState.READY) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await store.stop()
    states = [health.state.value for health in told]
    assert states == ["starting", "ready", "down", "starting", "ready", "stopped"]


@pytest.mark.parametrize("graceful", [False, True])
async def test_it_dies_with_its_manager_and_the_next_one_finds_its_objects(
    own: EmbeddedStore, tmp_path: Path, graceful: bool
) -> None:
    command = [sys.executable, "-c", MANAGER, str(tmp_path / "store")]
    manager = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert manager.stdout
    pid = int(await asyncio.wait_for(manager.stdout.readline(), 20))
    manager.send_signal(signal.SIGTERM if graceful else signal.SIGKILL)
    await manager.wait()
    await wait_dead(pid)
    await own.start()
    assert own.pid != pid


async def test_a_store_left_behind_is_ended_first(own: EmbeddedStore, tmp_path: Path) -> None:
    manager = await asyncio.create_subprocess_exec(
        sys.executable, "-c", MANAGER, str(tmp_path / "store"), stdout=subprocess.PIPE
    )
    try:
        assert manager.stdout
        left = int(await asyncio.wait_for(manager.stdout.readline(), 20))
        # Stopped, not killed: its store lives on, and nobody is there to start it again beside the next one.
        manager.send_signal(signal.SIGSTOP)
        await own.start()
        assert not alive(left)
        assert own.pid != left
    finally:
        manager.kill()
        await manager.wait()


@pytest.mark.parametrize(("kills", "comes"), [(2, True), (3, False)])
async def test_killed_while_it_starts_it_is_started_again(own: EmbeddedStore, kills: int, comes: bool) -> None:
    starting = asyncio.create_task(own.start())
    killed: set[int] = set()
    async with asyncio.timeout(60):
        while len(killed) < kills and not starting.done():
            if own.pid and own.pid not in killed and alive(own.pid):
                os.kill(own.pid, signal.SIGKILL)
                killed.add(own.pid)
            await asyncio.sleep(0.01)
        if comes:
            await starting
            assert own.pid not in killed
        else:
            with pytest.raises(StoreUnavailable, match="ended as it started"):
                await starting
