"""Inputs fetched before their turn: out of every script's sight, moved when it comes, never left behind."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from statuette.events.event import Event, EventKind
from statuette.events.jobs import Outcome
from statuette.ports.errors import DiskFull, StoreUnavailable
from statuette.supervisor.folders import folder
from statuette.supervisor.prefetch import Staging, ahead_size

OWNER = (os.geteuid(), os.getegid())


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    return Staging(tmp_path / "staged")


async def fetched(staging, world, *, owner=OWNER, reserve=0):
    job = world.job(body=b"a body")
    return await staging.fetch("copy-1-1", job, owner=owner, objects=world.objects, reserve=reserve)


async def test_it_waits_in_a_closed_folder_and_is_moved_without_a_copy(staging, world, tmp_path):
    staged = await fetched(staging, world)
    place = tmp_path / "staged" / "copy-1-1"
    assert (tmp_path / "staged").stat().st_mode & 0o777 == 0o700
    before = place.stat()
    (tmp_path / "in").mkdir()
    with folder(tmp_path / "in") as inside:
        staged.move("x.txt", into=inside)
    moved = tmp_path / "in" / "x.txt"
    assert moved.read_bytes() == b"a body"
    assert (moved.stat().st_ino, moved.stat().st_mode & 0o777) == (before.st_ino, 0o600)
    staged.drop()
    assert list((tmp_path / "staged").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
async def test_it_belongs_to_the_script_s_user_from_the_beginning(staging, world, tmp_path):
    await fetched(staging, world, owner=(12345, 12346))
    facts = (tmp_path / "staged" / "copy-1-1").stat()
    assert (facts.st_uid, facts.st_gid) == (12345, 12346)


async def test_what_breaks_off_leaves_nothing(staging, world, tmp_path):
    class Away(type(world.objects)):
        async def fetch(self, ref, sink):
            sink.write(b"half")
            raise StoreUnavailable

    world.objects = Away()
    with pytest.raises(StoreUnavailable):
        await fetched(staging, world)
    with pytest.raises(DiskFull):
        await fetched(staging, world, reserve=2**62)
    assert list((tmp_path / "staged").iterdir()) == []


async def test_what_an_earlier_manager_left_is_removed_at_the_start(world):
    place = world.sealed.with_name("staged")
    (place / "folder").mkdir(parents=True)
    (place / "old-1").write_text("left")
    world.supervisor()
    assert list(place.iterdir()) == []


def test_only_objects_of_known_size_are_fetched_ahead(world):
    job = world.job(body=b"12345")
    assert ahead_size(job) == 5
    unknown = replace(job.event.object, version=None)
    assert ahead_size(replace(job, event=replace(job.event, object=unknown))) is None
    assert ahead_size(replace(job, event=Event(kind=EventKind.RAW))) is None
    assert ahead_size(replace(job, call="c1")) is None
    assert ahead_size(replace(job, stage_in=False)) is None


async def test_a_withdrawal_ends_a_download_ahead(world):
    class Slow(type(world.objects)):
        async def fetch(self, ref, sink):
            if ref.key == "in/copy-3.txt":
                fetching.set()
                await asyncio.sleep(60)
            return await super().fetch(ref, sink)

    fetching, going = asyncio.Event(), asyncio.Event()
    world.objects = Slow()
    original = world.runner.script

    async def script(host, order, output):
        if order.variables["JOB_UUID"] == "copy-2":
            await going.wait()
        original(host, order, output)

    world.runner.script = script
    jobs = [world.job(f"copy-{n}") for n in range(1, 4)]
    world.work.add(*jobs)
    world.work.finished()
    serving = asyncio.create_task(world.supervisor().serve(world.runner))
    await fetching.wait()
    world.work.withdraw(jobs[2].lease)
    while len(world.work.reports) < 2:  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0)
    going.set()
    assert await serving is True
    said = {lease.job: report.outcome for lease, report in world.work.reports}
    assert said["copy-3"] is Outcome.CANCELLED
    assert said["copy-2"] is Outcome.PUBLISHED
    assert list(world.sealed.with_name("staged").iterdir()) == []
