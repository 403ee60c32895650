"""A full disk: work waits or fails saying so, the platform lives, and all goes on when there is room again."""

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from .platform import Platform, until

MIB = 1 << 20
COPY = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'


class Disk:
    """A small file system of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def leave(self, room: int) -> None:
        """Fill it until so many bytes are left."""
        self._filler.unlink(missing_ok=True)
        with self._filler.open("wb") as file:
            size = shutil.disk_usage(self.folder).free - room
            try:
                os.posix_fallocate(file.fileno(), 0, max(1, size))
            except OSError:  # the store wrote meanwhile
                os.posix_fallocate(file.fileno(), 0, max(1, shutil.disk_usage(self.folder).free))

    def free(self) -> None:
        self._filler.unlink()


@pytest.fixture
def disk(need: Any, tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "state"
    folder.mkdir()
    need(os.geteuid() == 0, "root, to mount a small disk")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600m", "none", folder], capture_output=True, check=False)
    need(done.returncode == 0, "the right to mount")
    yield Disk(folder)
    subprocess.run(["umount", folder], check=True)


@pytest.fixture
def full(disk: Disk) -> Iterator[Platform]:
    """A platform on the small disk; the manager's log lies beside it, to be read when a test fails."""
    platform = Platform(disk.folder, least_free=str(100 * MIB))
    platform.up().deploy("copy", COPY)
    platform.put("copy/in/before", b"1")
    platform.ended("copy")
    yield platform
    platform.down()


def told(platform: Platform) -> dict[str, Any]:
    assert platform.ask("GET", "/health").text == "Ok"
    facts: dict[str, Any] = platform.ask("GET", "/system/status").json()["statuette"]["disk"]
    return facts


def test_under_the_mark_work_waits(full: Platform, disk: Disk) -> None:
    disk.leave(80 * MIB)
    until(lambda: not told(full)["leasing"], 10)
    full.put("copy/in/waits", b"2")
    until(lambda: len(full.jobs("copy")) == 2, 20)
    time.sleep(2)
    job = next(iter(full.jobs("copy", "copy/in/waits").values()))
    assert job["status"] == "Pending"
    assert told(full)["free_bytes"] < told(full)["least_bytes"]
    disk.free()
    assert next(iter(full.ended("copy", "copy/in/waits", wait=30).values()))["state"] == "published"


@pytest.mark.timeout(240)
def test_with_nothing_left_nothing_is_lost(full: Platform, disk: Disk) -> None:
    """What was answered with yes is done; what could not be kept was answered with no."""
    store = full.s3()
    disk.leave(0)
    stored = [key for key in (f"in/{number}" for number in range(5)) if _put(store, key, bytes(MIB))]
    large = full.ask("POST", "/job/copy", content=b"\xff" * 5 * MIB)
    assert (large.status_code, "room" in large.text) == (503, True), large.text
    small = [full.ask("POST", "/job/copy", content=b"small") for _ in range(3)]
    assert {answer.status_code for answer in small} <= {201, 503}
    accepted = [answer.headers["x-job-id"] for answer in small if answer.status_code == 201]
    assert full.ask("GET", "/system/services").status_code == 200
    deployed = full.ask("POST", "/system/services", json={"name": "no", "image": "host", "script": "x" * MIB})
    assert deployed.status_code in (201, 503), deployed.text
    until(lambda: not told(full)["leasing"], 10)
    time.sleep(3)
    disk.free()
    until(lambda: told(full)["leasing"], 20)
    full.put("copy/in/after", b"3")
    assert next(iter(full.ended("copy", "copy/in/after", wait=90).values()))["state"] == "published"
    jobs = full.ended("copy", count=2 + len(stored) + len(accepted), wait=90)
    assert {job["state"] for job in jobs.values()} == {"published"}
    assert {f"copy/{key}" for key in stored} <= {job["object"] for job in jobs.values()}
    assert set(accepted) <= set(jobs)


def _put(store: Any, key: str, data: bytes) -> bool:
    try:
        store.put_object(Bucket="copy", Key=key, Body=data)
    except (ClientError, BotoCoreError):
        return False
    return True


@pytest.mark.timeout(240)
def test_a_result_that_cannot_be_stored_is_stored_later(full: Platform, disk: Disk) -> None:
    """The disk fills while the script runs. The script is not run again: its output is kept until there is room."""
    full.deploy(
        "late", 'head -c 30000000 /dev/urandom > "$TMP_OUTPUT_DIR/out"; sha256sum < "$TMP_OUTPUT_DIR/out"; sleep 4\n'
    )
    full.put("late/in/x", b"1")
    job_id = until(lambda: next(iter(full.jobs("late")), None), 20)
    until(lambda: "-" in full.ask("GET", f"/system/logs/late/{job_id}").text, 30)
    disk.leave(4 * MIB)
    until(lambda: full.jobs("late")[job_id]["state"] in ("unpublished", "published"), 60)
    waiting = full.jobs("late")[job_id]
    assert (waiting["state"], bool(waiting["reason"])) == ("unpublished", True), waiting
    until(lambda: not told(full)["leasing"], 10)
    disk.free()
    job = full.ended("late", wait=90)[job_id]
    assert job["state"] == "published"
    assert hashlib.sha256(full.get("late/out/out")).hexdigest() == full.job_log("late", job_id).split()[0]
    attempts = full.ask("GET", f"/system/jobs/late/{job_id}").json()["attempts"]
    assert [attempt["outcome"] for attempt in attempts][-1] == "published"
    assert len({attempt["stages"]["started"] for attempt in attempts}) == 1


@pytest.mark.timeout(240)
def test_a_manager_killed_on_a_full_disk_comes_back(full: Platform, disk: Disk) -> None:
    full.put("copy/in/x", b"4")
    disk.leave(0)
    full.kill()
    disk.leave(50 * MIB)  # under the mark, but room to start
    full.up()
    until(lambda: not told(full)["leasing"], 10)
    disk.free()
    full.put("copy/in/y", b"5")
    jobs = full.ended("copy", count=3, wait=90)
    assert {job["state"] for job in jobs.values()} == {"published"}
