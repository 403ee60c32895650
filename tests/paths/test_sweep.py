"""What no notification tells is found by the sweep: once, though it passes over what it knows."""

import json
import os
import signal
from pathlib import Path
from typing import Any

from obstore.exceptions import BaseError

from .platform import Platform, running, until

COPY = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'
BEFORE, DURING = 10, 40


def swept(platform: Platform) -> dict[str, Any]:
    told: dict[str, Any] = platform.ask("GET", "/system/status").json()["statuette"]["sweep"]
    return told


def test_files_that_come_while_the_store_is_killed_are_found_by_the_sweep(own: Platform, tmp_path: Path) -> None:
    """The store belongs to one platform and is killed; another is attached to it without its stream."""
    own.up()
    root = json.loads((own.state / "store" / "root.json").read_text())
    settings = {
        "store_endpoint": own.ask("GET", "/system/config").json()["minio_provider"]["endpoint"],
        "store_access_key": root["access_key"],
        "store_secret_key": root["secret_key"],
        "sweep_every": "0.5",
    }
    with running(tmp_path / "other", **settings) as other:
        other.deploy("blind", COPY)
        for number in range(BEFORE):
            other.put(f"blind/in/{number:02}", b"x")
        other.ended("blind", count=BEFORE)
        until(lambda: swept(other)["unchanged"], 60)  # from here on pages are passed over
        bucket = other.bucket("blind")
        for number in range(BEFORE, BEFORE + DURING):
            if number % 20 == 15:
                os.kill(store_of(own), signal.SIGKILL)
            until(lambda number=number: put(bucket, f"in/{number:02}"), 30)
        assert len(other.ended("blind", count=BEFORE + DURING, wait=120)) == BEFORE + DURING
        assert other.names("blind/out") == [f"out/{number:02}" for number in range(BEFORE + DURING)]
        told = swept(other)
        assert told["recovered"] == BEFORE + DURING, "each once, and nobody else told of them"
        assert told["failed"] > 0, "the store was away for some passes"


def put(bucket: Any, key: str) -> bool:
    try:
        bucket.put(key, b"x")
    except BaseError:
        return False
    return True


def store_of(platform: Platform) -> int:
    """The store's process, once it lives."""
    return until(
        lambda: next(
            (pid for pid in platform.children() if b"weed" in Path(f"/proc/{pid}/cmdline").read_bytes()), None
        ),
        30,
    )
