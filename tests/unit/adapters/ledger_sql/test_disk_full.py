"""A full disk: the ledger says so, reads on, and writes again when there is room."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

SCRIPT = """
import asyncio, json, subprocess, sys
from dataclasses import replace
from pathlib import Path
from statuette.adapters.ledger_sql import open_ledger
from statuette.ports.errors import DiskFull
from statuette.ports.intake import Arrival
from statuette.testing.clock import VirtualClock
from statuette.testing.ledger_suite_parts import Made, new_job

def large():
    job = new_job(Made())
    return Arrival(job=replace(job, event=replace(job.event, document="x" * 60_000)))

async def fill(folder):
    accepted = 0
    url = f"sqlite:///{folder}/ledger.db"
    async with open_ledger(url, key_file=folder / "key", clock=VirtualClock()) as ledger:
        refused = 0
        while refused < 2:
            try:
                accepted += len(await ledger.intake.accept([large()], stream="filer", position=accepted + 1))
            except DiskFull:
                refused += 1
        counted = (await ledger.jobs.backlog())["reader"].queued
        position = await ledger.intake.position("filer")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "remount,size=16m", "tmpfs", folder], check=True)
        await ledger.intake.accept([large()])
        after = (await ledger.jobs.backlog())["reader"].queued
    return {"accepted": accepted, "counted": counted, "position": position, "after": after}

print(json.dumps(asyncio.run(fill(Path(sys.argv[1])))))
"""


def _in_small_disk(tmp_path: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """Run a command with a disk of 4 MiB at `tmp_path`, in a mount namespace of its own."""
    mounted = 'mount -t tmpfs -o size=4m,mode=700 tmpfs "$0" && exec "$@"'
    wrapped = ["unshare", "--map-root-user", "--mount", "sh", "-c", mounted, str(tmp_path), *command]
    return subprocess.run(wrapped, capture_output=True, text=True, timeout=100, check=False)


def test_a_full_disk_is_told_survived_and_forgotten(tmp_path: Path, need: Callable[[bool, str], None]) -> None:
    need(_in_small_disk(tmp_path, "true").returncode == 0, "unprivileged mount namespaces, for a small disk")
    done = _in_small_disk(tmp_path, sys.executable, "-c", SCRIPT, str(tmp_path))
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["accepted"] > 5
    assert said["counted"] == said["position"] == said["accepted"]
    assert said["after"] == said["accepted"] + 1
