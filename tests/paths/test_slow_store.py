"""A store at the end of a long, thin or bad line: jobs end right all the same, and what can overlap does."""

import hashlib
import itertools
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from statuette.testing.slow_door import SlowDoor, slow_door

from .platform import Platform, running

COPY = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'
MIB = 1 << 20


@contextmanager
def far_away(
    shared: Platform, state: Path, *, latency: float = 0.0, rate: float = 0.0
) -> Iterator[tuple[Platform, SlowDoor]]:
    """A second platform on the store of the shared one, through a door."""
    root = json.loads((shared.state / "store" / "root.json").read_text())
    url = urlsplit(shared.ask("GET", "/system/config").json()["minio_provider"]["endpoint"])
    with slow_door(str(url.hostname), int(url.port or 0), latency=latency, rate=rate) as door:
        settings = {
            "store_endpoint": f"http://127.0.0.1:{door.port}",
            "store_access_key": root["access_key"],
            "store_secret_key": root["secret_key"],
            "sweep_every": "0.5",
        }
        with running(state, **settings) as platform:
            yield platform, door


@pytest.mark.timeout(180)
def test_many_small_files_through_one_runner_overlap_their_ways(shared: Platform, tmp_path: Path, name: str) -> None:
    with far_away(shared, tmp_path / "far", latency=0.2) as (far, _):
        far.deploy(name, COPY)
        for number in range(60):
            shared.put(f"{name}/before/{number}", b"%d" % number)
        source = {"storage_provider": "minio.default", "path": f"{name}/before", "process_existing": True}
        target = {"storage_provider": "minio.default", "path": f"{name}/out"}
        one = {"min_scale": 0, "max_scale": 1}
        far.deploy(f"{name}-b", COPY, input=[source], output=[target], synchronous=one)
        jobs = sorted(far.ended(f"{name}-b", count=60, wait=120).values(), key=lambda job: job["stages"]["started"])
        assert {job["state"] for job in jobs} == {"published"}
        pairs = list(itertools.pairwise(jobs))
        assert sum(moment(next_, "fetched") < moment(job, "ended") for job, next_ in pairs) > 25
        assert sum(moment(next_, "started") < moment(job, "published") for job, next_ in pairs) > 35
        for number in range(60):
            assert shared.get(f"{name}/out/{number}") == b"%d" % number
        assert not list((far.state / "staged").iterdir())
        assert not list((far.state / "sealed").iterdir())


def moment(job: dict[str, Any], stage: str) -> float:
    return datetime.fromisoformat(job["stages"][stage]).timestamp()


@pytest.mark.timeout(180)
def test_a_large_file_over_a_thin_line(shared: Platform, tmp_path: Path, name: str) -> None:
    with far_away(shared, tmp_path / "far", latency=0.05, rate=8 * MIB) as (far, _):
        far.deploy(name, COPY, memory="128Mi")
        data = os.urandom(40 * MIB)
        shared.put(f"{name}/in/large", data)
        job = next(iter(far.ended(name, wait=150).values()))
        assert job["state"] == "published", job
        stored = shared.get(f"{name}/out/large")
        assert hashlib.sha256(stored).digest() == hashlib.sha256(data).digest()


class Twist:
    """Changes the first `times` needles that pass."""

    def __init__(self, needle: bytes, times: int) -> None:
        self._needle, self.left = needle, times

    def __call__(self, data: bytes) -> bytes:
        if self.left and self._needle in data:
            self.left -= 1
            return data.replace(self._needle, self._needle.upper())
        return data


@pytest.mark.timeout(180)
def test_what_a_bad_line_changes_is_asked_for_and_sent_again(shared: Platform, tmp_path: Path, name: str) -> None:
    with far_away(shared, tmp_path / "far") as (far, door):
        far.deploy(name, COPY)
        down, up = Twist(b"a needle on its way down", 1), Twist(b"a needle on its way up", 1)
        door.down, door.up = down, up
        for way in ("down", "up"):
            shared.put(f"{name}/in/{way}", f"a needle on its way {way}".encode())
        jobs = far.ended(name, count=2, wait=90)
        assert (down.left, up.left) == (0, 0), "both were changed once"
        assert {job["state"] for job in jobs.values()} == {"published"}
        for way in ("down", "up"):
            assert shared.get(f"{name}/out/{way}") == f"a needle on its way {way}".encode()
