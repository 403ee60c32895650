"""The reference's way of a call: its supervisor, started as a process for every event, beside a warm call of ours.

`faas-supervisor` 1.5.8 is fetched once into an environment of its own in the cache folder. Its metadata names a
dependency in a form that today's installers refuse, so the dependencies are named here. Only its own process is
measured: no Kubernetes, no queue, no container around it, as it would have in the reference.
"""

import base64
import os
import subprocess
import sys
import time
from pathlib import Path

from bench.callers import burst
from bench.calls import SCRIPT, callable_service
from bench.context import Context, Skipped, cache
from bench.figures import Figure, median
from bench.platform import running

TITLE = "The reference's per-call path"
PACKAGE = "faas-supervisor==1.5.8"
NEEDS = ("boto3", "pyyaml", "webdavclient3==3.14.6", "requests", "urllib3<2.7", "setuptools<81")
CALLS = 10


def run(context: Context) -> list[Figure]:
    """Its calls and ours in turn."""
    python = _fetched(cache() / "faas-supervisor-1.5.8")
    theirs: list[tuple[float, float]] = []
    ours: list[float] = []
    with running(context.folder / "state") as platform:
        url, headers = callable_service(platform)
        burst(url, calls=20, headers=headers)
        for _ in range(context.count(10, 40)):
            theirs.append(_call(python, context.folder))
            ours += burst(url, calls=CALLS, headers=headers).milliseconds
    name = "faas-supervisor 1.5.8, its process alone"
    return [
        Figure(
            name="warm call", value=median(ours), unit="ms", baseline=median([took for took, _ in theirs]), against=name
        ),
        Figure(name=f"memory of one call, {name}", value=median([held for _, held in theirs]), unit="MB"),
    ]


def _fetched(folder: Path) -> Path:
    """The interpreter that has it. Raises `Skipped` when it cannot be had."""
    python = folder / "bin" / "python"
    if (folder / "complete").exists():
        return python
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    steps = [
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [*install, *NEEDS],
        [*install, "--no-deps", PACKAGE],
    ]
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            raise Skipped(f"faas-supervisor could not be fetched: {done.stderr.strip().splitlines()[-1:]}")
    (folder / "complete").touch()
    return python


def _call(python: Path, folder: Path) -> tuple[float, float]:
    """Milliseconds and resident MB (10^6 bytes) of one event."""
    script = base64.b64encode(SCRIPT.encode()).decode()
    variables = {"PATH": os.environ["PATH"], "SCRIPT": script, "HOME": str(folder), "PYTHONWARNINGS": "ignore"}
    began = time.perf_counter()
    child = subprocess.Popen(
        [python, "-m", "faassupervisor.supervisor"],
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(b"{}")
    child.stdin.close()
    said = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    took = (time.perf_counter() - began) * 1000
    child.returncode = os.waitstatus_to_exitcode(status)
    complaint = child.stderr.read() if child.stderr else b""
    if child.returncode or b"hello" not in said:
        raise RuntimeError(f"faas-supervisor failed: {said!r} {complaint[-500:]!r}")
    return took, usage.ru_maxrss * 1024 / 1e6
