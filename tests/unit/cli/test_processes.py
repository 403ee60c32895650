"""Managers as processes: what is told when one does not come up."""

import subprocess
import sys
from pathlib import Path

import pytest

from statuette.cli.errors import CommandError
from statuette.cli.processes import SCOPE, answering, delegated, healthy, last_words, log_file, manager_command, works
from statuette.cli.state import Manager, StateFolder


def test_the_command_of_a_manager_holds_no_password(tmp_path: Path) -> None:
    command = manager_command(StateFolder(tmp_path), ["--port", "1"])
    assert command == [sys.executable, "-m", "statuette.main", "--state", str(tmp_path), "--port", "1"]


def test_a_manager_that_ends_at_once_is_told(tmp_path: Path) -> None:
    with (
        subprocess.Popen([sys.executable, "-c", "import sys; sys.exit(3)"]) as child,
        pytest.raises(CommandError, match="ended at once with exit code 3"),
    ):
        answering(StateFolder(tmp_path), child)


def test_the_log_is_for_its_owner_only_and_kept(tmp_path: Path) -> None:
    for _ in range(2):
        with log_file(tmp_path / "log") as log:
            log.write(b"line\n")
    assert (tmp_path / "log").read_text() == "line\nline\n"
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("old\n", ""),
        ("old\nTraceback\nKeyError: 1\n\n", "KeyError: 1"),
        ("old\nError: the port is taken\ngoodbye\n", "the port is taken"),
    ],
)
def test_the_last_words_of_a_log_are_its_error(tmp_path: Path, log: str, words: str) -> None:
    (tmp_path / "log").write_text(log)
    assert last_words(tmp_path / "log", len("old\n")) == words


def test_health_is_asked_at_the_address(platform) -> None:
    platform.answer("GET", "/health", "Ok")
    assert healthy(Manager(1, platform.url))
    assert not healthy(Manager(1, "http://127.0.0.1:1"))


def test_a_plain_users_manager_gets_a_group_of_its_own_where_there_is_one() -> None:
    asked = []

    def can(command):
        asked.append(command)
        return True

    assert delegated(["manager"], root=False, works=can) == [*SCOPE, "manager"]
    assert asked == [[*SCOPE, "true"]]
    assert delegated(["manager"], root=False, works=lambda _: False) == ["manager"]
    assert delegated(["manager"], root=True, works=can) == ["manager"]


@pytest.mark.parametrize(("command", "good"), [(["true"], True), (["false"], False), (["no-such-program-here"], False)])
def test_a_command_works_when_it_is_here_and_ends_well(command: list[str], good: bool) -> None:
    assert works(command) is good
