"""Store, runner or manager killed at once: everything is found again, nothing runs twice, nothing is left running."""

import os
import signal
import time
from pathlib import Path

import pytest

from .platform import Platform, alive, until

COPY = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'
SLOW = 'sleep 1; cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'


def test_files_that_come_while_the_manager_is_away_are_processed(own: Platform) -> None:
    """An attached client goes on writing into the store that the next manager starts."""
    own.up().deploy("away", SLOW)
    for number in range(20):
        own.put(f"away/in/{number}", b"x")
    until(lambda: own.jobs("away"), 20)
    children = own.children()
    own.kill()
    until(lambda: not any(alive(pid) for pid in children), 5)
    own.up()
    assert len(own.ended("away", count=20, wait=90)) == 20
    assert sorted(own.names("away/out")) == sorted(f"out/{number}" for number in range(20))
    assert {job["state"] for job in own.jobs("away").values()} == {"published"}


def test_a_killed_store_loses_no_event(own: Platform) -> None:
    own.up().deploy("storm", COPY)
    for number in range(30):
        own.put(f"storm/in/{number}", b"x")
    store = next(pid for pid in own.children() if "weed" in _name(pid))
    os.kill(store, signal.SIGKILL)
    until(lambda: own.ask("GET", "/system/status").json()["statuette"]["store"]["restarts"] == 1, 30)
    until(lambda: own.ask("GET", "/system/status").json()["statuette"]["store"]["state"] == "ready", 30)
    for number in range(30, 40):
        own.put(f"storm/in/{number}", b"x")
    assert len(own.ended("storm", count=40, wait=60)) == 40
    assert len(own.names("storm/out")) == 40


def test_a_killed_runner_costs_an_attempt(shared: Platform, name: str) -> None:
    """The first attempt's runner is killed from outside; the second one publishes."""
    shared.deploy(name, 'echo here; sleep 2; cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n')
    shared.put(f"{name}/in/x", b"1")
    job_id = until(lambda: next(iter(shared.jobs(name)), None), 20)
    until(lambda: "here" in shared.ask("GET", f"/system/logs/{name}/{job_id}").text, 20)
    for pid in shared.children():
        if "runner.sh" in _arguments(pid):
            os.kill(pid, signal.SIGKILL)
    job = next(iter(shared.ended(name).values()))
    assert (job["state"], job["attempts"]) == ("published", 2)


def test_a_removed_service_stops_at_once(shared: Platform, name: str) -> None:
    """A service of the same name, made right after, is not troubled by what the old one ran."""
    shared.deploy(name, 'echo here; sleep 3; echo old > "$TMP_OUTPUT_DIR/old"\n')
    shared.put(f"{name}/in/x", b"1")
    job_id = until(lambda: next(iter(shared.jobs(name)), None), 20)
    until(lambda: "here" in shared.ask("GET", f"/system/logs/{name}/{job_id}").text, 20)
    assert shared.ask("DELETE", f"/system/services/{name}").status_code == 204
    shared.deploy(name, COPY)
    old = until(lambda: [job for job in shared.jobs(name).values() if job["state"] == "cancelled"], 20)
    assert len(old) == 1
    time.sleep(3.5)  # longer than the old script would have gone on
    assert shared.names(f"{name}/out") == []


def test_a_second_manager_is_refused(own: Platform) -> None:
    own.up()
    second = Platform(own.state)
    with pytest.raises(AssertionError, match=own.url):
        second.up(wait=20)
    assert second.process is not None
    assert second.process.returncode == 3
    second.process = None
    assert own.ask("GET", "/health").text == "Ok"


def test_sigterm_finishes_what_runs(own: Platform) -> None:
    own.up().deploy("last", SLOW)
    own.put("last/in/x", b"1")
    until(lambda: any(job["status"] == "Running" for job in own.jobs("last").values()), 20)
    children = own.children()
    began = time.monotonic()
    assert own.down() == 0
    assert time.monotonic() - began < 20
    assert not any(alive(pid) for pid in children)
    own.up()
    job = next(iter(own.ended("last").values()))
    assert (job["state"], job["attempts"]) == ("published", 1)


def test_sigterm_returns_what_takes_too_long(own: Platform) -> None:
    own.settings["grace"] = "1"
    own.up().deploy(
        "long", '[ -e /oscar/none ] || sleep "$(cat "$INPUT_FILE_PATH")"; cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'
    )
    own.put("long/in/x", b"4")
    until(lambda: any(job["status"] == "Running" for job in own.jobs("long").values()), 20)
    assert own.down() == 0
    own.up()
    job = next(iter(own.ended("long").values()))
    assert (job["state"], job["attempts"]) == ("published", 2)


def _arguments(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _name(pid: int) -> str:
    return _arguments(pid).split(" ")[0]
