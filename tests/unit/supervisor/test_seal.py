"""Sealing what a script left, whatever it left."""

import hashlib
import os
import socket
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from statuette.events.jobs import Outcome
from statuette.supervisor import Limits


def leaving(world, make):
    """A script that leaves what `make(out)` makes in its output folder."""
    world.runner.script = lambda host, *_: make(host / "out")


async def test_subfolders_are_kept(world):
    def make(out: Path):
        (out / "a" / "b").mkdir(parents=True)
        (out / "a" / "b" / "c.txt").write_text("deep")
        (out / "top.txt").write_text("top")
        (out / "empty").mkdir()

    leaving(world, make)
    await world.serve(world.job())
    assert sorted(world.objects.puts) == ["out/a/b/c.txt", "out/top.txt"]
    assert [entry.name for entry in world.work.commits["copy-1"].manifest.entries] == ["a/b/c.txt", "top.txt"]


async def test_no_output_is_no_fault(world):
    leaving(world, lambda _: None)
    await world.serve(world.job())
    assert world.report.outcome is Outcome.PUBLISHED
    assert world.work.commits["copy-1"].manifest.entries == ()


async def test_a_script_may_remove_its_output_folder(world):
    leaving(world, lambda out: out.rmdir())
    await world.serve(world.job("copy-1"), world.job("copy-2"))
    assert [report.outcome for _, report in world.work.reports] == [Outcome.PUBLISHED] * 2


async def test_links_fifos_sockets_and_devices_are_left_out_and_told(world, tmp_path):
    (tmp_path / "secret").write_text("platform's")

    def make(out: Path):
        (out / "link").symlink_to(tmp_path / "secret")
        (out / "folder-link").symlink_to(tmp_path)
        os.mkfifo(out / "fifo")
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(out / "s"))
        if os.geteuid() == 0:
            os.mknod(out / "device", 0o600 | 0o020000, os.makedev(1, 5))
        (out / "good.txt").write_text("good")

    leaving(world, make)
    assert await world.serve(world.job()) is True
    assert world.objects.puts == ["out/good.txt"]
    assert world.report.outcome is Outcome.PUBLISHED
    log = await world.log()
    assert "output 'link' is a symbolic link: not published" in log
    assert "output 'fifo' is a FIFO" in log
    assert "output 's' is a socket" in log
    assert list(world.sealed.iterdir()) == []


async def test_an_output_folder_that_is_a_link_is_bad_output(world, tmp_path):
    def make(out: Path):
        out.rmdir()
        out.symlink_to(tmp_path)

    leaving(world, make)
    await world.serve(world.job())
    assert world.report.outcome is Outcome.BAD_OUTPUT
    assert world.objects.puts == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another owner's file")
async def test_another_owners_file_under_a_second_name_is_left_out(world, tmp_path):
    (tmp_path / "shadow").write_text("platform's")
    world.runner.workspace = replace(world.runner.workspace, owner=(12345, 12345))

    def make(out: Path):
        (out / "mine").write_text("mine")
        (out / "again").hardlink_to(out / "mine")
        os.chown(out / "mine", 12345, 12345)
        (out / "stolen").hardlink_to(tmp_path / "shadow")

    leaving(world, make)
    await world.serve(world.job())
    assert sorted(world.objects.puts) == ["out/again", "out/mine"]
    assert "another owner's file" in await world.log()


async def test_files_and_folders_without_permissions_are_read_all_the_same(world):
    def make(out: Path):
        (out / "f").mkdir()
        (out / "f" / "x").write_text("x")
        (out / "f" / "x").chmod(0)
        (out / "f").chmod(0)

    leaving(world, make)
    await world.serve(world.job())
    assert world.stored("out/f/x") == b"x"


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(entries=5, reserve=0), "more than 5 files"),
        (Limits(total=5, reserve=0), "larger than 5 bytes"),
        (Limits(depth=2, reserve=0), "more than 2 folders deep"),
    ],
)
async def test_limits_make_bad_output(world, limits, words):
    def make(out: Path):
        (out / "a" / "b" / "c").mkdir(parents=True)
        for number in range(6):
            (out / "a" / str(number)).write_text("xx")

    world.limits = limits
    leaving(world, make)
    assert await world.serve(world.job()) is True
    assert world.report.outcome is Outcome.BAD_OUTPUT
    assert words in world.report.reason
    assert words in await world.log()
    assert world.work.commits == {}
    assert list(world.sealed.iterdir()) == []


@pytest.fixture
def in_memory(world):
    """A world on a tmpfs where there is one: a hundred thousand names cost a disk seconds."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        yield type(world)(Path(folder), world.work)


async def test_a_hundred_thousand_files_cost_no_more_than_the_limit(in_memory):
    world = in_memory

    def make(out: Path):
        for number in range(100_000):
            os.close(os.open(out / str(number), os.O_CREAT | os.O_WRONLY))
        made.append(time.monotonic())

    made = []
    leaving(world, make)
    await world.serve(world.job())
    assert world.report.outcome is Outcome.BAD_OUTPUT
    assert world.report.stages
    assert time.monotonic() - made[0] < 30
    assert list(world.sealed.iterdir()) == []


async def test_names_a_store_cannot_hold_are_escaped(world):
    def make(out: Path):
        os.close(os.open(os.fsencode(out) + b"/caf\xe9\n.txt", os.O_CREAT | os.O_WRONLY))
        (out / "größe ✓.txt").write_text("fine")

    leaving(world, make)
    await world.serve(world.job())
    assert sorted(world.objects.puts) == ["out/caf%E9%0A.txt", "out/größe ✓.txt"]


async def test_two_names_that_become_one_are_bad_output(world):
    def make(out: Path):
        (out / "a%0A").write_text("1")
        (out / "a\n").write_text("2")

    leaving(world, make)
    await world.serve(world.job())
    assert world.report.outcome is Outcome.BAD_OUTPUT


async def test_large_outputs_are_hashed_as_small_ones(world):
    leaving(world, lambda out: (out / "big").write_bytes(b"z" * (5 * 1024 * 1024)) and None)
    await world.serve(world.job())
    [entry] = world.work.commits["copy-1"].manifest.entries
    assert entry.size == 5 * 1024 * 1024
    assert entry.sha256 == hashlib.sha256(b"z" * entry.size).hexdigest()
    assert len(world.stored("out/big")) == entry.size
