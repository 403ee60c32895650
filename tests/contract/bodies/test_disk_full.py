"""A disk that is really full: a small tmpfs in a mount namespace of its own."""

import shutil
import subprocess
import sys

import pytest

_BODIES = """
import asyncio, pathlib, sys
from statuette.adapters.bodies_files import FileBodies
from statuette.ports.errors import DiskFull

async def body():
    for _ in range(100):
        yield b"x" * 10_000

async def main(root):
    bodies = FileBodies(root)
    try:
        await bodies.keep("gray-1", body(), limit=10_000_000)
    except DiskFull:
        print("full", [path.name for path in root.iterdir()])
    print(await bodies.keep("gray-2", (part async for part in small()), limit=10))

async def small():
    yield b"small"

asyncio.run(main(pathlib.Path(sys.argv[1]) / "bodies"))
"""

_LOGS = """
import asyncio, pathlib, sys
from statuette.adapters.clock_system import SystemClock
from statuette.adapters.logs_files import FileLogs

async def main(root):
    logs = FileLogs(root, clock=SystemClock())
    sink = logs.open("gray", "gray-1", 1, secrets=())
    for number in range(10_000):
        sink.write("stdout", b"line %05d ------------------------------------------\\n" % number)
    sink.close()
    blocks = logs.read("gray", "gray-1", 1, timestamps=False, follow=False)
    said = b"".join([block async for block in blocks])
    print("read", said.startswith(b"line 00000"), len(said) > 10_000)

asyncio.run(main(pathlib.Path(sys.argv[1]) / "logs"))
"""


@pytest.fixture
def small_disk(need, tmp_path):
    """Runs Python code with a folder on a disk of 256 KiB as its argument; returns what it printed."""
    unshare = shutil.which("unshare") or ""
    probe = subprocess.run([unshare or "false", "-rm", "true"], capture_output=True, check=False)
    need(probe.returncode == 0, "a mount namespace (unshare -rm)")

    def run(code):
        mount = 'mount -t tmpfs -o size=256k none "$1" && exec "$2" -c "$3" "$1"'
        ended = subprocess.run(
            [unshare, "-rm", "sh", "-c", mount, "sh", str(tmp_path), sys.executable, code],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run


def test_a_body_on_a_full_disk_leaves_nothing_and_the_next_fits(small_disk):
    said = small_disk(_BODIES)
    assert said.startswith("full []\n")
    assert "gray-2" in said


def test_a_log_on_a_full_disk_loses_words_and_nothing_else(small_disk):
    assert small_disk(_LOGS) == "read True True\n"
