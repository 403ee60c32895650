"""Supervisors in processes of their own: the platform does all it does otherwise, and they hold no key."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from .platform import Platform, alive, running, until

COPY = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"; echo copied "$INPUT_FILE_PATH"\n'


@pytest.fixture(scope="module")
def afar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running(tmp_path_factory.mktemp("afar") / "state", supervisor="process") as platform:
        yield platform


def arguments(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def sidecars(platform: Platform) -> list[int]:
    return [pid for pid in platform.children() if "statuette.main.sidecar" in arguments(pid)]


def speaking(platform: Platform, name: str, word: str) -> str:
    """Wait until the newest job of a service has said something; the job's id."""
    job = until(lambda: next(iter(platform.jobs(name)), None), 20)
    until(lambda: word in platform.ask("GET", f"/system/logs/{name}/{job}").text, 20)
    return job


def test_uploads_are_processed_with_their_logs(afar: Platform, name: str) -> None:
    afar.deploy(name, COPY)
    for number in range(20):
        afar.put(f"{name}/in/{number}.txt", b"%d" % number)
    jobs = afar.ended(name, count=20)
    assert {job["state"] for job in jobs.values()} == {"published"}
    assert {afar.get(f"{name}/out/{number}.txt") for number in range(20)} == {b"%d" % number for number in range(20)}
    assert all(afar.job_log(name, job).startswith("copied /oscar/io/in/") for job in jobs)
    assert sidecars(afar)


def test_a_failing_script_is_a_failed_job(afar: Platform, name: str) -> None:
    afar.deploy(name, "echo no such model >&2; exit 3\n")
    afar.put(f"{name}/in/x", b"1")
    job_id, job = next(iter(afar.ended(name).items()))
    assert (job["state"], job["exit_code"]) == ("failed", 3)
    assert "no such model" in job["reason"]
    assert "no such model" in afar.job_log(name, job_id)
    assert afar.names(f"{name}/out") == []


def test_a_token_in_the_log_is_masked(afar: Platform, name: str) -> None:
    afar.deploy(name, 'echo "mine is $OSCAR_SERVICE_TOKEN."\n')
    token = afar.ask("GET", f"/system/services/{name}").json()["token"]
    afar.put(f"{name}/in/x", b"1")
    log = afar.job_log(name, next(iter(afar.ended(name))))
    assert log == "mine is ***.\n"
    assert token not in log


def test_calls_are_answered(afar: Platform, name: str) -> None:
    afar.deploy(name, 'cat "$INPUT_FILE_PATH"; [ ! -e /oscar/none ] || exit 1\n', output=[])
    for size in (5, 200_000):
        answer = afar.ask("POST", f"/run/{name}", content=json.dumps({"x": "y" * size}))
        assert (answer.status_code, json.loads(answer.text)) == (200, {"x": "y" * size})


def test_a_calls_files_come_back_and_are_stored(afar: Platform, name: str) -> None:
    afar.deploy(name, 'head -c 3000000 /dev/zero > "$TMP_OUTPUT_DIR/big"\n')
    answer = afar.ask("POST", f"/run/{name}", content=b"{}")
    assert answer.status_code == 200
    assert len(afar.get(f"{name}/out/big")) == 3_000_000
    until(lambda: not any((afar.state / "answered").iterdir()), 10)


def test_a_large_body_arrives(afar: Platform, name: str) -> None:
    afar.deploy(name, 'cksum < "$INPUT_FILE_PATH"\n')
    token = afar.ask("GET", f"/system/services/{name}").json()["token"]
    body = os.urandom(12_000_000)
    answer = httpx.post(f"{afar.url}/job/{name}", content=body, headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 201, answer.text
    job = next(iter(afar.ended(name)))
    assert afar.job_log(name, job).split()[1] == "12000000"


def test_a_big_file_goes_through(afar: Platform, name: str) -> None:
    afar.deploy(name, 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/big"\n')
    data = os.urandom(1 << 20) * 200
    afar.put(f"{name}/in/big", data)
    assert next(iter(afar.ended(name).values()))["state"] == "published"
    assert afar.get(f"{name}/out/big") == data


def test_a_time_out_ends_the_script(afar: Platform, name: str) -> None:
    afar.deploy(name, "sleep 100\n", timeout=1)
    afar.put(f"{name}/in/x", b"1")
    job = next(iter(afar.ended(name).values()))
    assert job["state"] in ("failed", "dead")
    assert "time" in job["reason"]


def test_a_removed_service_stops_at_once(afar: Platform, name: str) -> None:
    afar.deploy(name, 'echo here; sleep 60; echo old > "$TMP_OUTPUT_DIR/old"\n')
    afar.put(f"{name}/in/x", b"1")
    speaking(afar, name, "here")
    before = set(sidecars(afar))
    began = time.monotonic()
    assert afar.ask("DELETE", f"/system/services/{name}").status_code == 204
    until(lambda: before - set(sidecars(afar)), 20)
    assert time.monotonic() - began < 20


def test_a_caller_who_leaves_ends_the_run(afar: Platform, name: str) -> None:
    afar.deploy(name, "exec sleep 4242\n", output=[])
    with pytest.raises(httpx.ReadTimeout):
        afar.ask("POST", f"/run/{name}", content=b"{}", timeout=10)
    until(lambda: not any("sleep 4242" in arguments(pid) for pid in afar.children()), 15)


def test_a_killed_sidecar_costs_nothing_but_time(afar: Platform, name: str) -> None:
    """Its work is taken back as soon as its end is seen, long before the lease would run out; nothing stays."""
    afar.deploy(name, 'echo here; sleep 3; cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n')
    old = set(sidecars(afar))
    afar.put(f"{name}/in/x", b"1")
    job = speaking(afar, name, "here")
    [sidecar] = set(sidecars(afar)) - old
    runner = next(path for path in (afar.state / "runners/open/runners").iterdir() if path.name.startswith(name))
    below = [pid for pid in afar.children() if "runner.sh" in arguments(pid)]
    began = time.monotonic()
    os.kill(sidecar, signal.SIGKILL)
    until(lambda: not runner.exists(), 10)
    assert not any(alive(pid) and str(runner) in arguments(pid) for pid in below)
    ended = afar.ended(name)[job]
    assert (ended["state"], ended["attempts"]) == ("published", 2)
    assert time.monotonic() - began < 30
    first = afar.ask("GET", f"/system/jobs/{name}/{job}").json()["attempts"][0]
    assert first["outcome"] == "platform_fault"


def test_a_killed_sidecar_answers_its_caller_at_once(afar: Platform, name: str) -> None:
    afar.deploy(name, "exec sleep 4343\n", output=[])
    old = set(sidecars(afar))
    answers: list[httpx.Response] = []
    calling = threading.Thread(target=lambda: answers.append(afar.ask("POST", f"/run/{name}", content=b"{}")))
    calling.start()
    until(lambda: any("sleep 4343" in arguments(pid) for pid in afar.children()), 40)
    [sidecar] = set(sidecars(afar)) - old
    os.kill(sidecar, signal.SIGKILL)
    calling.join(20)
    assert [answer.status_code for answer in answers] == [503]


def test_what_a_sidecar_has_holds_no_key(afar: Platform, name: str) -> None:
    """Not in its environment, command line, open files, mapped files, nor anywhere in its memory."""
    afar.deploy(name, 'echo here; cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"; sleep 8\n')
    old = set(sidecars(afar))
    afar.put(f"{name}/in/x", b"1")
    speaking(afar, name, "here")
    [sidecar] = set(sidecars(afar)) - old
    keys = secrets_of(afar)
    assert len(keys) >= 4
    proc = Path(f"/proc/{sidecar}")
    texts = {"environ": (proc / "environ").read_bytes(), "cmdline": (proc / "cmdline").read_bytes()}
    opened = {str(link.readlink()) for link in (proc / "fd").iterdir()}
    mapped = {line.split(maxsplit=5)[5] for line in (proc / "maps").read_text().splitlines() if "/" in line}
    for path in (opened | mapped) - {""}:
        if path.startswith("/") and Path(path).is_file():
            texts[path] = Path(path).read_bytes()
    texts["memory"] = memory(sidecar)
    assert len(texts["memory"]) > 10_000_000
    finds = [(where, what) for where, text in texts.items() for what, key in keys.items() if key in text]
    assert finds == []
    ours = {path for path in opened | mapped if path.startswith(f"{afar.state}/") and "/runners/" not in path}
    assert {path for path in ours if "/sealed/" not in path} == set()
    assert not any(text.encode() in texts["environ"] for text in ("STATUETTE_", "OSCAR_", "AWS_"))
    afar.ended(name)


def secrets_of(platform: Platform) -> dict[str, bytes]:
    """Everything in the state folder that opens store or ledger."""
    keys = {f"line {number} of {path.name}": line for path in (platform.state / "key",) for number, line in
            enumerate(path.read_bytes().split(b"\n")) if len(line) >= 16}  # fmt: skip
    root = json.loads((platform.state / "store/root.json").read_text())
    keys["the store's own key"] = root["secret_key"].encode()
    provider = platform.ask("GET", "/system/config").json()["minio_provider"]
    keys["the administrator's key"] = provider["secret_key"].encode()
    keys["the administrator's password"] = platform.account[1].encode()
    return keys


def memory(pid: int) -> bytes:
    """All that a process could write, as it is now."""
    parts = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as file:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            place, rights = line.split()[:2]
            begin, end = (int(text, 16) for text in place.split("-"))
            if rights.startswith("rw"):
                try:
                    file.seek(begin)
                    parts.append(file.read(end - begin))
                except OSError:
                    continue
    return b"".join(parts)


@pytest.mark.timeout(300)
def test_the_end_of_the_manager_is_theirs(tmp_path: Path) -> None:
    platform = Platform(tmp_path / "state", supervisor="process").up()
    try:
        platform.deploy("last", 'echo here; sleep 4; cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n')
        platform.put("last/in/x", b"1")
        speaking(platform, "last", "here")
        children = platform.children()
        assert sidecars(platform)
        platform.kill()
        until(lambda: not any(alive(pid) for pid in children), 5)
        platform.up()
        speaking(platform, "last", "here")
        children = platform.children()
        assert platform.down() == 0, "it lets what runs be finished"
        assert not any(alive(pid) for pid in children)
        platform.up()
        job = next(iter(platform.ended("last").values()))
        assert (job["state"], job["attempts"]) == ("published", 2)
    finally:
        platform.down()


@pytest.mark.timeout(300)
def test_sigterm_hands_back_what_takes_too_long(tmp_path: Path) -> None:
    with running(tmp_path / "state", supervisor="process", grace="1") as platform:
        platform.deploy("long", 'echo here; sleep 5; cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n')
        platform.put("long/in/x", b"1")
        job = speaking(platform, "long", "here")
        assert platform.down() == 0
        platform.up()
        assert platform.ended("long")[job]["state"] == "published"
        first = platform.ask("GET", f"/system/jobs/long/{job}").json()["attempts"][0]
        assert first["outcome"] == "returned"
