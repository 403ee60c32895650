"""The same suites as a plain user: no groups, no users of their own, a watchdog. Run by root in a process of its
own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

USER = "65432"
AS_USER = """
mount --make-rprivate / && mkdir "$1/prefix" && mount --bind "$2" "$1/prefix"
for parent in "$3"; do [ -z "$parent" ] || mount -t tmpfs -o mode=755 none "$parent" || exit; done
mkdir -p "$2" && mount --bind "$1/prefix" "$2" && mount -t tmpfs -o mode=1777 none "$1/prefix" || exit
export TMPDIR="$1/prefix" HOME="$1/prefix"; user=$4; shift 4
exec setpriv --reuid "$user" --regid "$user" --clear-groups --inh-caps=-all "$@"
"""
WORDS = (
    "script_runs",
    "variables",
    "time_out",
    "cancelling",
    "fork_bomb",
    "memory",
    "rights",
    "loop",
    "manager",
    "recover",
)
CHOSEN = " or ".join(WORDS)


def closed_parent(path):
    """The first parent of the interpreter that others may not enter, "" for none."""
    return next((str(parent) for parent in reversed(path.parents) if not parent.stat().st_mode & 0o001), "")


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_suites_as_a_plain_user(tmp_path_factory, need):
    if os.geteuid() != 0:
        pytest.skip("the other tests of this folder are run as a plain user already")
    root = Path(__file__).parents[3]
    need(not closed_parent(root / "x"), "a checkout that others may enter")
    prefix, place = Path(sys.base_prefix).resolve(), Path(f"/run/statuette-test-{os.getpid()}")
    place.mkdir(mode=0o755)
    try:
        line = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            str(Path(__file__).parent),
            "-k",
            CHOSEN,
        ]
        ended = subprocess.run(
            ["unshare", "-m", "sh", "-c", AS_USER, "sh", place, prefix, closed_parent(prefix), USER, *line],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        for folder in (place / "prefix", place):
            folder.rmdir()
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-1000:]
    assert "passed" in ended.stdout
