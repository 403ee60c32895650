"""The power is cut: at each sync of an SQLite ledger the disk may hold what was synced and any part of what was not.

A child works on a ledger with `snapshots.c` loaded, which copies database and log at every sync. From the copies the
disk is put together as it may have been then, and opened as a manager would after the power came back.
"""

import asyncio
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from statuette.adapters.ledger_sql import open_ledger, schema
from statuette.events.jobs import Job, JobState
from statuette.ports.jobs import JobQuery
from statuette.testing.clock import VirtualClock

HERE = Path(__file__).parent
ARRIVALS = 3
SECTOR = 512


@dataclass(frozen=True, slots=True)
class Disk:
    """What the disk may hold, and how many bytes of notes were written by then: all they tell of must be there."""

    label: str
    database: bytes
    log: bytes
    notes: int


@dataclass(frozen=True, slots=True)
class Run:
    """What a child left: the database it began with, the folder of snapshots, its notes."""

    before: bytes
    snapshots: Path
    notes: bytes
    key: Path

    def disks(self) -> Iterator[Disk]:
        """Before the first sync; then for each the disk while it goes on, and once it is over until the next begins."""
        dice = random.Random(3)
        kept = {"db": self.before, "wal": b""}
        found = sorted(self.snapshots.glob("*.txt"))
        words = [file.read_text().split() for file in found]
        noted = [int(length) for _, length in words] + [len(self.notes)]
        yield Disk("before the first", self.before, b"", noted[0])
        for place, (file, (synced, _)) in enumerate(zip(found, words, strict=True)):
            seen = {name: file.with_suffix(f".{name}").read_bytes() for name in kept}
            torn = kept | {synced: _torn(kept[synced], seen[synced], dice)}
            yield Disk(f"{file.stem}, torn {synced}", torn["db"], torn["wal"], noted[place])
            kept[synced] = seen[synced]
            yield Disk(f"{file.stem}, {synced} synced", kept["db"], kept["wal"], noted[place + 1])
            if seen != kept:
                yield Disk(f"{file.stem}, all written", seen["db"], seen["wal"], noted[place + 1])


def _torn(old: bytes, new: bytes, dice: random.Random) -> bytes:
    """A file of which some of what was written since its last sync has reached the disk."""
    way = dice.choice(["cut", "front", "sectors"])
    if way == "cut":
        return new[: dice.randint(min(len(old), len(new)), len(new))]
    if way == "front":
        at = dice.randint(0, len(new))
        return new[:at] + old[at:]
    places = range(0, max(len(old), len(new)), SECTOR)
    return b"".join(dice.choice([old, new])[at : at + SECTOR].ljust(SECTOR, b"\0") for at in places)


@pytest.fixture(scope="module")
def shim(need: Callable[[bool, str], None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled `snapshots.c`."""
    compiler = shutil.which("cc")
    need(compiler is not None and sys.platform == "linux", "a C compiler (cc) with libc's headers, on Linux")
    library = tmp_path_factory.mktemp("shim") / "snapshots.so"
    flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread"]
    subprocess.run([str(compiler), *flags, HERE / "snapshots.c", "-o", library, "-ldl"], check=True)
    return library


@pytest.fixture
def folder() -> Iterator[Path]:
    """Removed at once: the snapshots are hundreds of megabytes."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name).resolve()


def _work(folder: Path, shim: Path, synchronous: str = "FULL") -> Run:
    """Let a child work on a fresh ledger until it is done and dies."""
    file, key, notes = folder / "ledger.db", folder / "key", folder / "notes"
    snapshots = folder / "snapshots"
    snapshots.mkdir()
    notes.touch()
    asyncio.run(_opened(file, key))
    before = file.read_bytes()
    settings = {"DATABASE": file, "FOLDER": snapshots, "NOTES": notes}
    env = os.environ | {f"SNAPSHOT_{name}": str(path) for name, path in settings.items()}
    command = [sys.executable, HERE / "working.py", f"sqlite:///{file}", key, notes, synchronous]
    subprocess.run(command, check=True, env=env | {"LD_PRELOAD": str(shim)}, timeout=60)
    return Run(before, snapshots, notes.read_bytes(), key)


async def _opened(file: Path, key: Path) -> tuple[dict[str, Job], int]:
    """All jobs and the stream's position, as a manager finds them."""
    async with open_ledger(f"sqlite:///{file}", key_file=key, clock=VirtualClock()) as ledger:
        page = await ledger.jobs.page(JobQuery(service="reader"), limit=10_000)
        return {job.id: job for job in page.jobs}, await ledger.intake.position("filer") or 0


def _check(run: Run, disk: Disk, folder: Path) -> None:
    """Raises `AssertionError` unless all that was answered is there and nothing is there by halves."""
    file = folder / "after.db"
    file.write_bytes(disk.database)
    Path(f"{file}-wal").write_bytes(disk.log)
    jobs, position = asyncio.run(_opened(file, run.key))
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        _check_whole(connection, jobs, position)
        _check_notes(connection, jobs, run.notes[: disk.notes])


def _check_whole(connection: sqlite3.Connection, jobs: dict[str, Job], position: int) -> None:
    def rows(question: str) -> list[Any]:
        return connection.execute(question).fetchall()

    stood = {(shelf, count) for shelf, count in rows("SELECT shelf, count(*) FROM jobs GROUP BY shelf")}
    told = [
        dict(zip(schema.COUNTED, row, strict=True)) for row in rows(f"SELECT {', '.join(schema.COUNTED)} FROM backlog")
    ]
    counted = {(shelf, count) for row in told for shelf, count in row.items() if count}
    assert counted == {(shelf, count) for shelf, count in stood if shelf in schema.COUNTED}
    lanes = rows("SELECT open_lane, sum(state != 'waiting') FROM jobs WHERE open_lane IS NOT NULL GROUP BY 1")
    assert [lane for lane, going in lanes if going != 1] == []
    calls = rows("SELECT substr(key, 1, instr(key, '-') - 1) + 0, count(*) FROM jobs GROUP BY 1 ORDER BY 1")
    assert calls == [(call, ARRIVALS) for call in range(1, position + 1)]
    commits = "SELECT job, count(*), max(generation) FROM commits GROUP BY job"
    by_place = {job.sequence: job for job in jobs.values()}
    assert rows(commits) == [
        (n, job.generation, job.generation) for n, job in sorted(by_place.items()) if job.generation
    ]
    last = rows(
        "SELECT job, commits.id FROM commits JOIN jobs ON job = sequence AND commits.generation = jobs.generation"
    )
    assert dict(last) == {n: job.commit for n, job in by_place.items() if job.generation}
    attempts = "SELECT job, count(*), max(number), sum(outcome IS NULL) FROM attempts GROUP BY job"
    expected = [(job.sequence, job.attempt, job.attempt, _under_way(job)) for job in jobs.values() if job.attempt]
    assert rows(attempts) == sorted(expected)


def _under_way(job: Job) -> int:
    return int(job.state in (JobState.LEASED, JobState.STARTED, JobState.COMMITTED))


def _check_notes(connection: sqlite3.Connection, jobs: dict[str, Job], notes: bytes) -> None:
    question = "SELECT jobs.id, number FROM attempts JOIN jobs ON job = sequence WHERE outcome IS NOT NULL"
    ended = set(connection.execute(question).fetchall())
    made = {name for (name,) in connection.execute("SELECT id FROM commits")}
    for what, name, *more in map(json.loads, notes.splitlines()):
        if what == "accepted":
            assert set(more[0]) <= jobs.keys(), "accepted jobs are lost"
        elif what == "leased":
            assert jobs[name].attempt >= more[0], "a lease is lost"
        elif what == "committed":
            assert more[0] in made, "a commit is lost"
        elif what == "reported":
            assert (name, more[0]) in ended, "a last word is lost"
            assert more[1] != "published" or jobs[name].state is JobState.PUBLISHED
        elif what == "cancelled":
            job = jobs[name]
            heard = job.cancelling or job.revived or job.state is JobState.CANCELLED
            assert heard or job.generation, "a word to cancel is lost"  # a commit comes before it
        else:
            assert (what, jobs[name].revived > 0) == ("revived", True), "a second life is lost"


def _check_all(run: Run, folder: Path) -> int:
    """How many disks were found whole."""
    checked = 0
    for disk in run.disks():
        try:
            _check(run, disk, folder)
        except AssertionError as error:
            error.add_note(f"snapshot {disk.label}")
            raise
        checked += 1
    return checked


@pytest.mark.slow
@pytest.mark.timeout(300)  # some hundred times a ledger is opened
def test_whatever_the_disk_holds_after_a_cut_nothing_answered_is_lost_or_half(shim: Path, folder: Path) -> None:
    run = _work(folder, shim)
    assert _check_all(run, folder) > 150
    kinds = [file.read_text().split()[0] for file in run.snapshots.glob("*.txt")]
    assert min(kinds.count("db"), kinds.count("wal")) > 10, "both files are synced while work goes on"


@pytest.mark.parametrize("synchronous", ["OFF", "NORMAL"])
def test_a_ledger_that_does_not_sync_each_transaction_is_found_out(shim: Path, folder: Path, synchronous: str) -> None:
    """The test of this test: with these settings an answer is given before it is on the disk."""
    run = _work(folder, shim, synchronous)
    with pytest.raises(AssertionError, match="lost"):
        _check_all(run, folder)
