"""Many quick jobs in each lease: a kill, an end in good order or a slow one among them harms none."""

import time
from pathlib import Path

import pytest

from .platform import Platform, until

COPY = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'
ONE = {"min_scale": 0, "max_scale": 1}


def left(platform: Platform) -> list[Path]:
    return [path for folder in ("staged", "sealed") for path in (platform.state / folder).iterdir()]


def published(platform: Platform, service: str) -> int:
    return sum(job["state"] == "published" for job in platform.jobs(service).values())


def outcomes(platform: Platform, service: str) -> set[str]:
    """How the attempts of all jobs ended."""
    told = [platform.ask("GET", f"/system/jobs/{service}/{job}").json() for job in platform.jobs(service)]
    return {attempt["outcome"] for one in told for attempt in one["attempts"]}


@pytest.mark.timeout(240)
def test_a_manager_killed_amid_its_leases_loses_and_doubles_nothing(own: Platform) -> None:
    own.up().deploy("many", COPY, synchronous=ONE)
    for number in range(200):
        own.put(f"many/in/{number}", b"%d" % number)
    for share in (20, 80):
        until(lambda share=share: published(own, "many") >= share, 60)
        own.kill()
        own.up()
        assert not list((own.state / "staged").iterdir()), "what waited is fetched again"
    jobs = own.ended("many", count=200, wait=120)
    assert len(jobs) == 200
    assert {job["state"] for job in jobs.values()} == {"published"}
    assert own.names("many/out") == sorted(f"out/{number}" for number in range(200))
    for number in (0, 99, 199):
        assert own.get(f"many/out/{number}") == b"%d" % number
    until(lambda: not left(own), 10)


@pytest.mark.timeout(240)
def test_an_end_in_good_order_returns_what_waits_and_costs_nobody_an_attempt(own: Platform) -> None:
    own.up().deploy("many", COPY, synchronous=ONE)
    for number in range(150):
        own.put(f"many/in/{number}", b"%d" % number)
    until(lambda: published(own, "many") >= 20, 60)
    began = time.monotonic()
    assert own.down() == 0
    assert time.monotonic() - began < 15
    assert left(own) == []
    own.up()
    own.ended("many", count=150, wait=120)
    assert outcomes(own, "many") <= {"published", "returned"}
    assert own.names("many/out") == sorted(f"out/{number}" for number in range(150))


@pytest.mark.timeout(120)
def test_a_slow_job_among_quick_ones_keeps_none_of_them(shared: Platform, name: str) -> None:
    """Two runners: while one sleeps over `slow`, the other takes what was leased with it."""
    script = f'case "$INPUT_FILE_PATH" in */slow) sleep 20;; esac\n{COPY}'
    shared.deploy(name, script, cpu="0.1", synchronous={"min_scale": 0, "max_scale": 2})
    for number in range(60):
        shared.put(f"{name}/in/{'slow' if number == 30 else number}", b"x")
    until(lambda: published(shared, name) == 59, 18)
    jobs = shared.ended(name, count=60, wait=40)
    assert {job["state"] for job in jobs.values()} == {"published"}
