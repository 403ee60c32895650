"""Jobs that give up: why is shown, and they run again when somebody says so."""

import json
from typing import Any

import pytest

from .commands import statuette
from .platform import Platform, until

FAILS = 'echo "this goes wrong in $JOB_UUID"; exit 7\n'
WORKS = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'
QUICK = {"delay": 1, "max_delay": 1}


def replaced(platform: Platform, name: str, script: str) -> None:
    """Deploy another script under the same name."""
    definition = platform.ask("GET", f"/system/services/{name}").json() | {"script": script}
    answer = platform.ask("PUT", "/system/services", json=definition)
    assert answer.status_code == 204, answer.text
    until(lambda: platform.ready(name), 60)


def shown(platform: Platform, name: str, job: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(statuette(platform, "job", "dead", "show", name, job, "-o", "json"))
    return found


def the_one(jobs: dict[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    [(job, entry)] = jobs.items()
    return job, entry


def test_a_dead_letter_is_read_mended_and_run_again(shared: Platform, name: str) -> None:
    shared.deploy(name, FAILS, retries={"script": 2, **QUICK})
    shared.put(f"{name}/in/a.txt", b"words")
    job, entry = the_one(shared.ended(name))
    assert (entry["state"], entry["attempts"], entry["exit_code"]) == ("failed", 3, 7)
    attempts = shown(shared, name, job)["attempts"]
    assert [(one["number"], one["outcome"], one["exit_code"]) for one in attempts] == [
        (number, "script_failed", 7) for number in (1, 2, 3)
    ]
    assert [one["log"] for one in attempts] == [f"this goes wrong in {job}\n"] * 3

    text = statuette(shared, "job", "dead", "show", name, job)
    assert [line.split()[1] for line in text.splitlines() if line.startswith("attempt ")] == ["1", "2", "3"]
    [row] = statuette(shared, "job", "dead", "list", name).splitlines()[1:]
    assert row.split()[:5] == [job, name, "failed", "3", "7"]
    until(lambda: job in statuette(shared, "job", "dead", "list"), 10)
    counted = shared.ask("GET", "/system/status").json()["statuette"]["dead_letters"]
    assert counted["services"][name] == {"failed": 1, "dead": 0}
    assert counted["failed"] >= 1

    replaced(shared, name, WORKS)
    statuette(shared, "job", "dead", "retry", name, job)
    until(lambda: shared.jobs(name)[job]["state"] == "published", 30)
    assert shared.get(f"{name}/out/a.txt") == b"words"
    described = shared.ask("GET", f"/system/jobs/{name}/{job}").json()
    assert [one["outcome"] for one in described["attempts"]] == ["script_failed"] * 3 + ["published"]
    assert job in statuette(shared, "job", "dead", "retry", name, job, code=1)


def test_a_large_body_is_still_there_when_its_job_runs_again(shared: Platform, name: str) -> None:
    shared.deploy(name, "exit 1\n")
    body = b"\xff" + bytes(300_000)
    assert shared.ask("POST", f"/job/{name}", content=body).status_code == 201
    job, entry = the_one(shared.ended(name))
    assert entry["state"] == "failed"
    replaced(shared, name, 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/got"\n')
    statuette(shared, "job", "dead", "retry", name, "--all")
    until(lambda: shared.jobs(name)[job]["state"] == "published", 30)
    assert shared.get(f"{name}/out/got") == body
    assert list((shared.state / "bodies").glob(f"{job}*")) == []


def test_final_exit_codes_stop_at_once(shared: Platform, name: str) -> None:
    shared.deploy(name, "exit 7\n", retries={"script": 5, "final_exit_codes": [7], **QUICK})
    shared.put(f"{name}/in/a", b"x")
    _, entry = the_one(shared.ended(name))
    assert (entry["state"], entry["attempts"], entry["exit_code"]) == ("failed", 1, 7)


def test_a_job_that_eats_its_memory_ends_dead(shared: Platform, name: str) -> None:
    hog = "exec python3 -c 'b = bytearray(300 << 20); import time; time.sleep(20)'\n"
    shared.deploy(name, hog, retries={"runner": 1, **QUICK})
    shared.put(f"{name}/in/a", b"x")
    job, entry = the_one(shared.ended(name, wait=90))
    assert (entry["state"], entry["attempts"]) == ("dead", 2)
    assert [one["outcome"] for one in shown(shared, name, job)["attempts"]] == ["out_of_memory"] * 2
    until(lambda: shared.ask("GET", "/system/status").json()["statuette"]["dead_letters"]["services"].get(name), 10)


def test_what_is_too_old_is_not_tried_again(shared: Platform, name: str) -> None:
    shared.deploy(name, "exit 1\n", retries={"script": 100, **QUICK}, max_age=2)
    shared.put(f"{name}/in/a", b"x")
    _, entry = the_one(shared.ended(name))
    assert entry["state"] == "failed"
    assert 1 < entry["attempts"] < 10


def test_what_comes_too_late_is_not_begun(shared: Platform, name: str) -> None:
    """The second job of an object waits for the first; by then its time is over."""
    shared.deploy(name, "sleep 8\n", deadline=2)
    shared.put(f"{name}/in/a", b"x")
    first = until(lambda: [job for job, entry in shared.jobs(name).items() if entry["state"] != "queued"], 20)
    assert shared.ask("POST", f"/system/jobs/{name}/replay", json={}).json()["accepted"] == 1
    late, _ = shared.ended(name, count=2).items()
    assert (late[1]["state"], late[1]["attempts"]) == ("dead", 0)
    assert "deadline" in late[1]["reason"]
    assert late[0] not in first
    statuette(shared, "job", "dead", "retry", name, late[0])
    until(lambda: shared.jobs(name)[late[0]]["state"] == "published", 30)


def test_dead_letters_are_dropped_and_stay_seen(shared: Platform, name: str) -> None:
    shared.deploy(name, FAILS)
    for key in ("a", "b", "c"):
        shared.put(f"{name}/in/{key}", b"x")
    jobs = shared.ended(name, count=3)
    one = next(iter(jobs))
    statuette(shared, "job", "dead", "drop", name, one)
    assert one not in shared.jobs(name)
    assert shared.ask("GET", f"/system/logs/{name}/{one}").status_code == 404
    statuette(shared, "job", "dead", "drop", name, "--all")
    assert shared.jobs(name) == {}
    assert list((shared.state / "logs" / name).rglob("*.log")) == []
    assert "0 found" in statuette(shared, "sweep", name)
    assert shared.jobs(name) == {}


@pytest.mark.parametrize("words", [("show", "SERVICE", "nobody"), ("retry", "SERVICE", "nobody"), ("list", "nobody")])
def test_what_is_not_there_is_told_in_one_line(shared: Platform, name: str, words: tuple[str, ...]) -> None:
    service = name[-20:].strip("-")
    if not any(one["name"] == service for one in shared.ask("GET", "/system/services").json()):
        shared.deploy(service, WORKS)
    told = statuette(shared, "job", "dead", *(service if word == "SERVICE" else word for word in words), code=1)
    assert told.splitlines()[-1].startswith("Error: ")
    assert "nobody" in told
