"""The disk to be filled: only ever in a namespace of its own, so in a process of its own."""

import os
import subprocess
import sys

from statuette.torture.disk import Disk, mounts_beneath

SCRIPT = """
import os, sys
from pathlib import Path
from statuette.torture.disk import Disk, own_mounts
why = own_mounts()
disk = Disk(Path(sys.argv[1]), why_not=why)
print(disk.why_not)
disk.fill()
try:
    (disk.folder / "more").write_bytes(b"x" * 100_000)
    print("room")
except OSError as error:
    print(error.strerror)
disk.free()
(disk.folder / "more").write_bytes(b"x" * 100_000)
disk.keep(disk.folder.parent / "kept")
disk.close()
"""


def test_it_is_full_then_free_and_nothing_of_it_stays_mounted(tmp_path, need):
    need(os.geteuid() == 0, "only root can mount")
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "disk")], capture_output=True, text=True, check=True, timeout=100
    )
    why, full = ran.stdout.splitlines()
    need(not why, why)
    assert full == "No space left on device"
    assert list((tmp_path / "disk").iterdir()) == []
    assert (tmp_path / "kept" / "more").stat().st_size == 100_000
    assert mounts_beneath(tmp_path) == []


def test_without_a_mount_it_is_a_plain_folder(tmp_path):
    disk = Disk(tmp_path / "disk", why_not="nobody may")
    assert not disk.can_be_filled
    disk.close()
    assert (tmp_path / "disk").is_dir()
