"""Becoming another program that dies with its parent."""

import os
import select
import subprocess
import sys
from pathlib import Path

from statuette.adapters.store_seaweed import launch

LAUNCH = [sys.executable, "-I", "-S", launch.__file__]


def gone(pid: int) -> bool:
    """Whether the process ends within five seconds."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ready, _, _ = select.select([handle], [], [], 5)
    os.close(handle)
    return bool(ready)


def test_it_becomes_the_program() -> None:
    command = [*LAUNCH, str(os.getpid()), "/bin/sh", "-c", "umask; echo $1", "sh", "a b"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "0077\na b\n"


def test_it_does_not_begin_when_its_parent_is_gone_already() -> None:
    done = subprocess.run([*LAUNCH, "1", "/bin/echo", "begun"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")


def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    parent = f'"$@" $$ /bin/sh -c "echo \\$\\$ >{fifo}; exec sleep 60" & read pid <{fifo}; echo $pid; kill -9 $$'
    done = subprocess.run(["/bin/sh", "-c", parent, "sh", *LAUNCH], capture_output=True, text=True, check=False)
    assert done.returncode == -9
    assert gone(int(done.stdout))
