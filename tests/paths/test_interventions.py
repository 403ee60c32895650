"""Jobs cancelled, objects replayed, services made again, records pruned: nothing runs that nobody asked for."""

import time

from .commands import statuette
from .platform import Platform, until

COPY = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'
SLEEPS = 'echo "begun"; sleep 120; echo "never"\n'


def states(platform: Platform, service: str) -> list[str]:
    """Oldest first."""
    return [entry["state"] for entry in reversed(platform.jobs(service).values())]


def test_a_running_job_is_killed_and_a_waiting_one_is_gone_at_once(shared: Platform, name: str) -> None:
    shared.deploy(name, SLEEPS)
    shared.put(f"{name}/in/a", b"x")
    running = until(lambda: next(iter(shared.jobs(name)), None), 20)
    until(lambda: shared.ask("GET", f"/system/logs/{name}/{running}").text == "begun\n", 20)
    statuette(shared, "job", "replay", name)
    waiting = next(iter(shared.jobs(name)))
    assert states(shared, name)[1] == "waiting"
    answer = shared.ask("POST", f"/system/jobs/{name}/{waiting}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")

    began = time.monotonic()
    statuette(shared, "job", "cancel", name, running)
    until(lambda: shared.jobs(name)[running]["state"] == "cancelled", 10)
    assert time.monotonic() - began < 8
    assert shared.jobs(name)[running]["reason"] == "cancelled on request"
    assert shared.job_log(name, running) == "begun\n"
    assert "has ended" not in statuette(shared, "job", "cancel", name, running)
    time.sleep(1.5)
    assert states(shared, name) == ["cancelled", "cancelled"]
    assert shared.names(f"{name}/out") == []


def test_a_job_between_two_attempts_is_cancelled_at_once(shared: Platform, name: str) -> None:
    shared.deploy(name, "exit 1\n", retries={"script": 9, "delay": 60})
    shared.put(f"{name}/in/a", b"x")
    job = until(lambda: [job for job, one in shared.jobs(name).items() if one["state"] == "retrying"], 20)[0]
    statuette(shared, "job", "cancel", name, job)
    assert states(shared, name) == ["cancelled"]


def test_what_has_ended_cannot_be_cancelled(shared: Platform, name: str) -> None:
    shared.deploy(name, COPY)
    shared.put(f"{name}/in/a", b"x")
    [job] = shared.ended(name)
    assert "is published" in statuette(shared, "job", "cancel", name, job, code=1)


def test_a_replay_by_prefix_by_list_and_under_its_name(shared: Platform, name: str) -> None:
    shared.deploy(name, COPY)
    for key in ("one/a b", "one/ü", "two/c"):
        shared.put(f"{name}/in/{key}", b"x")
    shared.ended(name, count=3)
    said = statuette(shared, "job", "replay", name, "--prefix", f"{name}/in/one/")
    assert said == "2 objects looked at, 2 meant, jobs: 2 made\n"
    assert len(shared.ended(name, count=5)) == 5

    told = statuette(
        shared, "job", "replay", name, "--list", "-", stdin=f"{name}/in/two/c\n{name}/in/nothing\n", code=1
    )
    assert f"not there: {name}/in/nothing" in told
    assert len(shared.ended(name, count=6)) == 6
    assert len(shared.ended(name, f"{name}/in/two/c", count=2)) == 2

    again = [
        shared.ask("POST", f"/system/jobs/{name}/replay", json={}, headers={"Idempotency-Key": "mine"}).json()
        for _ in range(2)
    ]
    assert [one["accepted"] for one in again] == [3, 0]
    assert len(shared.ended(name, count=9)) == 9
    assert "jobs: none made" in statuette(shared, "job", "replay", name, "--dry-run")
    assert "0 meant" in statuette(shared, "job", "replay", name, "--until", "1h")
    refused = statuette(shared, "job", "replay", name, "--since", "soon", code=1)
    assert refused.startswith("Error: since: ")
    assert {entry["state"] for entry in shared.jobs(name).values()} == {"published"}


def test_a_service_made_again_runs_nothing_old_and_its_jobs_can_still_be_read(shared: Platform, name: str) -> None:
    shared.deploy(name, 'echo "first life"; exit 1\n')
    shared.put(f"{name}/in/a", b"x")
    [job] = shared.ended(name)
    time.sleep(1.1)  # objects of the second in which an input is made are its own
    assert shared.ask("DELETE", f"/system/services/{name}").status_code == 204
    assert shared.job_log(name, job) == "first life\n"
    assert list(shared.jobs(name)) == [job]
    assert job in statuette(shared, "job", "dead", "list", name)
    assert "deploy it again" in statuette(shared, "job", "dead", "retry", name, job, code=1)

    shared.deploy(name, COPY)
    statuette(shared, "sweep", name)
    statuette(shared, "sweep")
    statuette(shared, "job", "dead", "retry", name, "--all")
    time.sleep(1.5)
    assert {one: entry["state"] for one, entry in shared.jobs(name).items()} == {job: "failed"}
    assert shared.names(f"{name}/out") == []
    statuette(shared, "job", "dead", "retry", name, job)
    until(lambda: shared.names(f"{name}/out") == ["out/a"], 30)


def test_pruned_records_take_their_logs_and_nothing_runs_again(own: Platform) -> None:
    own.up().deploy("copy", 'echo words\ncp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n')
    own.deploy("fails", "echo words; exit 1\n")
    for key in ("copy/in/a", "copy/in/b", "fails/in/c"):
        own.put(key, b"x")
    own.ended("copy", count=2)
    [letter] = own.ended("fails")
    own.down()
    time.sleep(1.5)
    own.settings = {"keep_jobs": "1", "keep_dead_jobs": "0"}
    own.up()
    until(lambda: own.jobs("copy") == {}, 20)
    assert list(own.jobs("fails")) == [letter]
    assert len(list((own.state / "logs").rglob("*.log"))) == 1
    assert "0 found" in statuette(own, "sweep")
    time.sleep(1.5)
    assert own.jobs("copy") == {}
    assert own.job_log("fails", letter) == "words\n"
