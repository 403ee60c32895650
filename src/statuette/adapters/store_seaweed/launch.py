"""Become another program that dies with its parent: `python -I -S launch.py PARENT_PID PROGRAM ARGUMENT…`.

Run as a file, imports nothing of ours, and is gone once the program runs in its place.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Ask the kernel for SIGKILL at the parent's death, then become the program."""
    parent, *command = arguments
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):  # it died before we asked
        sys.exit(1)
    os.umask(0o077)
    os.execv(command[0], command)  # noqa: S606 - a fixed program with a list of arguments


if __name__ == "__main__":
    main(sys.argv[1:])
