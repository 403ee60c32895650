"""The state folder: who runs on it, and how one knows that it is really him."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from statuette.cli.errors import CommandError
from statuette.cli.processes import end
from statuette.cli.state import Manager, StateFolder

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a process that only sleeps, with any words in its command line."""
    started: list[subprocess.Popen[bytes]] = []

    def sleeping(*words: str, cwd: Path | None = None) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)", *words]
        child = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE)
        started.append(child)
        assert child.stdout is not None
        child.stdout.readline()
        return child

    yield sleeping
    for child in started:
        child.kill()
        child.communicate()


def write_manager(folder: Path, pid: int) -> None:
    (folder / "manager.json").write_text(json.dumps({"pid": pid, "url": "http://127.0.0.1:1", "started": "x"}))


def test_a_manager_is_found_by_its_command_line(start: Start, tmp_path: Path) -> None:
    child = start("-m", "statuette.main", "--state", str(tmp_path))
    write_manager(tmp_path, child.pid)
    assert StateFolder(tmp_path).running() == Manager(child.pid, "http://127.0.0.1:1")


def test_a_relative_folder_is_meant_from_where_the_manager_started(start: Start, tmp_path: Path) -> None:
    child = start("statuette.main", "--state", ".", cwd=tmp_path)
    write_manager(tmp_path, child.pid)
    assert StateFolder(tmp_path).manager() is not None


@pytest.mark.parametrize("words", [(), ("statuette.main",), ("statuette.main", "--state"), ("x", "--state", "{}")])
def test_a_stranger_with_the_same_process_id_is_no_manager(
    start: Start, tmp_path: Path, words: tuple[str, ...]
) -> None:
    write_manager(tmp_path, start(*(word.format(tmp_path) for word in words)).pid)
    assert StateFolder(tmp_path).manager() is None


def test_a_manager_of_another_folder_is_not_ours(start: Start, tmp_path: Path) -> None:
    write_manager(tmp_path, start("statuette.main", "--state", str(tmp_path / "other")).pid)
    with pytest.raises(CommandError, match="no platform runs on"):
        StateFolder(tmp_path).running()


def test_a_dead_manager_is_none(start: Start, tmp_path: Path) -> None:
    child = start("statuette.main", "--state", str(tmp_path))
    child.kill()
    child.wait()
    write_manager(tmp_path, child.pid)
    assert StateFolder(tmp_path).manager() is None


@pytest.mark.parametrize("text", ["", "no json", "\0"])
def test_a_damaged_file_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "manager.json").write_text(text)
    with pytest.raises(CommandError, match="holds no JSON"):
        StateFolder(tmp_path).manager()


def test_ending_a_stranger_harms_nobody(start: Start, tmp_path: Path) -> None:
    child = start("nothing")
    end(StateFolder(tmp_path), Manager(child.pid, ""))
    assert child.poll() is None


def test_ending_waits_for_the_end(start: Start, tmp_path: Path) -> None:
    child = start("statuette.main", "--state", str(tmp_path))
    end(StateFolder(tmp_path), Manager(child.pid, ""))
    assert child.poll() is not None


def test_the_account_is_read_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / "admin.json").write_text('{"username": "oscar", "password": "s3cret"}')
    account = StateFolder(tmp_path).account()
    assert (account.username, account.password, "s3cret" in repr(account)) == ("oscar", "s3cret", False)


def test_a_missing_account_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="statuette up"):
        StateFolder(tmp_path).account()


def test_the_folder_is_made_for_its_owner_only(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "a" / "b")
    folder.make()
    assert folder.path.stat().st_mode & 0o777 == 0o700
