"""`up` and `down` with real processes: refused where one runs, told where none runs, ended for good."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from statuette.cli import app
from statuette.cli.manager import down_hint, greet
from statuette.cli.state import Manager, StateFolder


@pytest.fixture
def manager(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that looks like this folder's manager and ends when it is told to."""
    words = ["statuette.main", "--state", str(tmp_path)]
    command = [sys.executable, "-S", "-c", "import time; print(flush=True); time.sleep(60)", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        (tmp_path / "manager.json").write_text(json.dumps({"pid": child.pid, "url": "http://127.0.0.1:1"}))
        yield child
        child.kill()


def call(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words), env={"COLUMNS": "500"})
    return result.exit_code, result.output


def test_where_none_runs_there_is_nothing_to_end(tmp_path: Path) -> None:
    assert call("down", "--state", str(tmp_path)) == (0, f"No platform runs on {tmp_path}.\n")


def test_a_second_platform_on_a_folder_is_refused(tmp_path: Path, manager: "subprocess.Popen[bytes]") -> None:
    code, said = call("up", "--state", str(tmp_path))
    assert code == 1
    assert f"a platform runs on {tmp_path} already, at http://127.0.0.1:1" in said
    assert f"statuette down --state {tmp_path}" in said
    assert manager.poll() is None


def test_down_ends_it(tmp_path: Path, manager: "subprocess.Popen[bytes]") -> None:
    code, said = call("down", "--state", str(tmp_path))
    assert code == 0
    assert "http://127.0.0.1:1 has ended" in said
    assert manager.wait(timeout=1) == -15


def test_a_stranger_with_the_same_number_is_left_alone(tmp_path: Path, manager: "subprocess.Popen[bytes]") -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "manager.json").write_text((tmp_path / "manager.json").read_text())
    assert call("down", "--state", str(other)) == (0, f"No platform runs on {other}.\n")
    assert manager.poll() is None


def test_the_hint_names_a_folder_that_is_not_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATUETTE_STATE", str(tmp_path / "usual"))
    assert down_hint(StateFolder(tmp_path / "usual")) == " (statuette down)"
    assert down_hint(StateFolder(tmp_path / "other")) == f" (statuette down --state {tmp_path / 'other'})"


def test_the_greeting_names_the_user_and_not_the_password(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = StateFolder(tmp_path)
    greet(folder, Manager(pid=1, url="http://127.0.0.1:1"))
    assert "Log in as oscar;" in capsys.readouterr().err
    folder.admin.write_text(json.dumps({"username": "ada", "password": "s3cret"}))
    greet(folder, Manager(pid=1, url="http://127.0.0.1:1"))
    said = capsys.readouterr().err
    assert "Log in as ada;" in said
    assert str(folder.admin) in said
    assert "s3cret" not in said
