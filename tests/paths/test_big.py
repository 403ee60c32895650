"""Large inputs and many outputs pass through without being held in memory."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .platform import Platform, until

GIB = 1 << 30


def peak(pid: int) -> int:
    """The highest resident memory in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


@pytest.fixture
def large(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A file of a GiB of which no two MiB are the same, and its SHA-256."""
    path, digest = tmp_path / "large", hashlib.sha256()
    block = os.urandom(1 << 20)
    with path.open("wb") as file:
        for number in range(GIB >> 20):
            part = number.to_bytes(8, "big") + block[8:]
            digest.update(part)
            file.write(part)
    yield path, digest.hexdigest()
    path.unlink()


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_gibibyte_goes_in_and_a_part_of_it_out(shared: Platform, name: str, large: tuple[Path, str]) -> None:
    path, digest = large
    script = 'cd "$TMP_OUTPUT_DIR"; sha256sum < "$INPUT_FILE_PATH" > sum; tail -c 268435456 "$INPUT_FILE_PATH" > end\n'
    shared.deploy(name, script, memory="256Mi")
    Path(f"/proc/{shared.pid}/clear_refs").write_text("5")  # peaks count from here
    before = peak(shared.pid)
    shared.bucket(name).put("in/large", path)
    job = next(iter(shared.ended(name, wait=300).values()))
    assert job["state"] == "published", job
    assert peak(shared.pid) - before < 200 << 20
    assert shared.get(f"{name}/out/sum").split()[0] == digest.encode()
    with path.open("rb") as file:
        file.seek(GIB - (256 << 20))
        for part in shared.bucket(name).get("out/end"):
            assert file.read(len(part)) == part
        assert file.read() == b""
    shared.ask("DELETE", f"/system/services/{name}?purge=true")


@pytest.mark.timeout(180)
def test_a_thousand_outputs_of_one_job(shared: Platform, name: str) -> None:
    shared.deploy(name, 'cd "$TMP_OUTPUT_DIR"; for n in $(seq 1000); do echo $n > $n; done\n')
    shared.put(f"{name}/in/x", b"1")
    job_id, job = next(iter(shared.ended(name, wait=120).items()))
    assert job["state"] == "published", job
    assert shared.names(f"{name}/out") == sorted(f"out/{number}" for number in range(1, 1001))
    for number in (1, 500, 1000):
        assert shared.get(f"{name}/out/{number}") == b"%d\n" % number
    told = shared.ask("GET", f"/system/jobs/{name}/{job_id}").json()
    assert len(told["outputs"]) == 1000


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_five_thousand_outputs_of_one_job_in_pages_and_little_memory(shared: Platform, name: str) -> None:
    """Ten pages of its commit; another service goes on working meanwhile."""
    shared.deploy(f"{name}-b", 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n')
    shared.deploy(
        name,
        'cd "$TMP_OUTPUT_DIR"; mkdir a b; seq 2500 | while read n; do echo $n > a/$n; : > b/$n; done\n',
        memory="128Mi",
    )
    Path(f"/proc/{shared.pid}/clear_refs").write_text("5")  # peaks count from here
    before = peak(shared.pid)
    shared.put(f"{name}/in/x", b"1")
    until(lambda: shared.names(f"{name}/out"), 60)
    shared.put(f"{name}-b/in/y", b"2")
    other = next(iter(shared.ended(f"{name}-b", wait=30).values()))
    assert other["state"] == "published"
    job_id, job = next(iter(shared.ended(name, wait=240).items()))
    assert job["state"] == "published", job
    assert peak(shared.pid) - before < 64 << 20
    expected = sorted(f"out/{folder}/{number}" for folder in "ab" for number in range(1, 2501))
    assert shared.names(f"{name}/out") == expected
    assert (shared.get(f"{name}/out/a/2500"), shared.get(f"{name}/out/b/2500")) == (b"2500\n", b"")
    assert len(shared.ask("GET", f"/system/jobs/{name}/{job_id}").json()["outputs"]) == 5000
