"""The store's process: dies with the manager; what a dead manager left is known again and ended, a stranger never."""

import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path

import pytest

from statuette.adapters.store_seaweed.child import Spawner, end_orphan, ended, remember

Spawn = Callable[..., Coroutine[None, None, "subprocess.Popen[bytes]"]]


@pytest.fixture
async def spawn(tmp_path: Path) -> AsyncIterator[Spawn]:
    spawner = Spawner()
    started: list[subprocess.Popen[bytes]] = []

    async def start(*command: str, **environment: str) -> "subprocess.Popen[bytes]":
        child = await spawner.spawn(command, folder=tmp_path, environment=environment, errors=tmp_path / "errors")
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.wait()
    spawner.close()


async def test_it_runs_in_its_folder_with_its_environment_and_nothing_else(tmp_path: Path, spawn: Spawn) -> None:
    (tmp_path / "errors").write_text("of the last start")
    child = await spawn("/bin/sh", "-c", "pwd >&2; echo $A $HOME $0 >&2; umask >&2; exit 7", A="1")
    assert await ended(child) == 7
    assert (tmp_path / "errors").read_text().splitlines() == [str(tmp_path), "1 /bin/sh", "0077"]


async def test_its_error_file_is_its_owner_s_only(tmp_path: Path, spawn: Spawn) -> None:
    await ended(await spawn("/bin/true"))
    assert (tmp_path / "errors").stat().st_mode & 0o777 == 0o600


async def test_a_signal_that_ended_it_is_told(spawn: Spawn) -> None:
    child = await spawn("/bin/sleep", "60")
    assert os.getpgid(child.pid) == child.pid
    child.kill()
    assert await ended(child) == -9


async def test_an_orphan_is_known_again_and_ended(tmp_path: Path, spawn: Spawn) -> None:
    child = await spawn("/bin/sleep", "60")
    remember(child, tmp_path / "child.json")
    assert (tmp_path / "child.json").stat().st_mode & 0o777 == 0o600
    assert end_orphan(tmp_path / "child.json") is True
    assert child.wait(timeout=1) == -9
    assert end_orphan(tmp_path / "child.json") is False


async def test_a_stranger_with_the_same_number_is_left_alone(tmp_path: Path, spawn: Spawn) -> None:
    child = await spawn("/bin/sleep", "60")
    file = tmp_path / "child.json"
    remember(child, file)
    noted = json.loads(file.read_text())
    file.write_text(json.dumps(noted | {"started": noted["started"] - 1}))
    assert end_orphan(file) is False
    assert child.poll() is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "{}", '{"pid": "x", "started": 1}', '{"pid": 1, "started": 0}']
)
def test_a_note_that_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "child.json").write_text(text)
    assert end_orphan(tmp_path / "child.json") is False
    assert end_orphan(tmp_path / "missing.json") is False
