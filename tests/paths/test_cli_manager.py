"""`up`, `down`, `status`, `doctor` with a real platform."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("STATUETTE_", "OSCAR_"))}


def command(state: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "statuette", *words, "--state", str(state)]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    state = tmp_path / "state"

    def statuette(*words: str) -> "subprocess.CompletedProcess[str]":
        asked = command(state, *words)
        return subprocess.run(asked, env=environment(), capture_output=True, text=True, timeout=180, check=False)

    yield statuette
    statuette("down")


def test_up_in_the_background_answers_until_down(run: Run, tmp_path: Path) -> None:
    up = run("up", "--detach", "--port", "0")
    assert up.returncode == 0, up.stderr
    assert "statuette listens at http://127.0.0.1:" in up.stderr
    password = (tmp_path / "state" / "admin.json").read_text().split('"')[7]
    assert password not in up.stderr + up.stdout
    assert run("status").returncode == 0
    assert run("down").returncode == 0
    assert run("status").stderr.startswith("Error: no platform runs on")
    assert run("down").returncode == 0


def test_a_second_up_is_refused_with_the_firsts_address(run: Run) -> None:
    first = run("up", "--detach", "--port", "0").stderr
    address = first.split("listens at ")[1].split()[0]
    second = run("up", "--detach", "--port", "0")
    assert (second.returncode, len(second.stderr.splitlines())) == (1, 1)
    assert address in second.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_up_in_the_foreground_ends_gracefully(tmp_path: Path, number: signal.Signals) -> None:
    asked = command(tmp_path / "state", "up", "--port", "0")
    with subprocess.Popen(asked, env=environment(), stderr=subprocess.PIPE, text=True) as up:
        assert up.stderr is not None
        for line in up.stderr:
            if "Ctrl-C ends it" in line:
                break
        up.send_signal(number)
        up.communicate(timeout=60)
    assert up.returncode == 0
    assert not (tmp_path / "state" / "manager.json").exists()


def test_a_killed_manager_does_not_stop_the_next_up(run: Run, tmp_path: Path) -> None:
    run("up", "--detach", "--port", "0")
    manager = tmp_path / "state" / "manager.json"
    pid = int(manager.read_text().split('"pid":')[1].split(",")[0])
    os.kill(pid, signal.SIGKILL)
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
        time.sleep(0.05)
    assert "no platform runs" in run("status").stderr
    assert run("up", "--detach", "--port", "0").returncode == 0


def test_doctor_tells_what_is_there(run: Run) -> None:
    done = run("doctor")
    assert done.stdout.splitlines()[0].split() == ["WHAT", "FOUND", "TO", "DO"]
    assert done.returncode in (0, 1)
