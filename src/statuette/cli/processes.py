"""Start a manager as a process of its own, wait until it answers, end it.

A manager is `python -m statuette.main`; this room never imports it, so that the command line works without the
`[server]` extra. Exit code 3 of a manager means that another one holds the state folder; its own words say which.
"""

import importlib.util
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx

from statuette.cli.errors import CommandError
from statuette.cli.state import MANAGER_MODULE, Manager, StateFolder, manages

SERVER_PARTS = ("uvicorn", "fastapi", "sqlalchemy")  # what the [server] extra brings
START_TIME = 120.0  # seconds a manager may need until it answers, its very first start included
STOP_TIME = 120.0  # seconds a manager may need to end: running jobs are finished within its grace time
LOOK_EVERY = 0.05  # seconds
PROBE_TIME = 5.0  # seconds
SCOPE = ("systemd-run", "--user", "--scope", "--quiet", "--property=Delegate=yes", "--")


def need_server() -> None:
    """Raise `CommandError` when the `[server]` extra is not installed."""
    if any(importlib.util.find_spec(part) is None for part in SERVER_PARTS):
        raise CommandError("the server's parts are not installed here: pip install 'statuette[server]'")


def manager_command(folder: StateFolder, options: Sequence[str]) -> list[str]:
    """The command that starts a manager on a state folder."""
    return [sys.executable, "-m", MANAGER_MODULE, "--state", str(folder.path), *options]


def delegated(command: Sequence[str], *, root: bool, works: Callable[[Sequence[str]], bool]) -> list[str]:
    """The command, in a group of its own where systemd gives a plain user one: there the runners can be limited.

    `systemd-run --scope` becomes the command itself, under the same process id.
    """
    return [*SCOPE, *command] if not root and works([*SCOPE, "true"]) else [*command]


def works(command: Sequence[str]) -> bool:
    """True when a command is here and ends well, soon."""
    if shutil.which(command[0]) is None:
        return False
    try:
        return subprocess.run(command, capture_output=True, timeout=PROBE_TIME, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def start(folder: StateFolder, options: Sequence[str], *, log: IO[bytes] | None) -> subprocess.Popen[bytes]:
    """Start a manager. With `log` it is cut loose from this terminal and writes there.

    Without `log` it still is no member of the terminal's process group: Ctrl-C reaches this program alone, which then
    ends the manager once and gracefully.
    """
    command = delegated(manager_command(folder, options), root=os.geteuid() == 0, works=works)
    if log is None:
        return subprocess.Popen(command, process_group=0)
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def answering(folder: StateFolder, child: subprocess.Popen[bytes]) -> Manager:
    """Wait until the manager just started answers. Raises `CommandError` when it ended or took too long."""
    deadline = time.monotonic() + START_TIME
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise CommandError(f"the platform ended at once with exit code {child.returncode}")
        found = folder.manager()
        if found is not None and found.pid == child.pid and healthy(found):
            return found
        time.sleep(LOOK_EVERY)
    raise CommandError(
        f"the platform did not answer within {START_TIME:.0f} s; it goes on trying (statuette down ends it)"
    )


def healthy(manager: Manager) -> bool:
    """True when a manager answers at its address."""
    try:
        with httpx.Client(trust_env=False, timeout=2.0, verify=False) as http:  # noqa: S501  # our own, and no secret is sent
            return http.get(f"{manager.url.rstrip('/')}/health").text.strip() == "Ok"
    except httpx.HTTPError:
        return False


@contextmanager
def log_file(path: Path) -> Iterator[IO[bytes]]:
    """The manager's log, appended to, readable by its owner only."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "ab") as log:
        yield log


def last_words(path: Path, since: int) -> str:
    """What a manager said last, after byte `since` of its log: its own error where there is one."""
    with path.open("rb") as log:
        log.seek(since)
        lines = [line for line in log.read().decode(errors="replace").splitlines() if line.strip()]
    errors = [line.removeprefix("Error: ") for line in lines if line.startswith("Error: ")]
    return (errors or lines or [""])[-1].strip()


def end(folder: StateFolder, manager: Manager) -> None:
    """Ask a manager to end and wait until it has. Raises `CommandError` when it does not.

    The process is held by a descriptor before it is looked at again, so the signal cannot reach a stranger that got the
    same process id in between.
    """
    try:
        process = os.pidfd_open(manager.pid)
    except ProcessLookupError:
        return
    try:
        if not manages(manager.pid, folder.path):
            return
        signal.pidfd_send_signal(process, signal.SIGTERM)
        ready, _, _ = select.select([process], [], [], STOP_TIME)
        if not ready:
            raise CommandError(f"the platform (process {manager.pid}) did not end within {STOP_TIME:.0f} s")
    finally:
        os.close(process)
