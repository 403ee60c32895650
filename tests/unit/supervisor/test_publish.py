"""Uploads: pages, several targets, stale names, stores that refuse, sealed folders that lie."""

import asyncio

import pytest

from statuette.events.jobs import Outcome
from statuette.events.objects import ObjectRef
from statuette.ports.errors import Forbidden, NotFound, StoreUnavailable
from statuette.ports.work import OutputRule
from statuette.testing.work import MemoryWork


def many(count):
    def script(host, order, output):
        for number in range(count):
            (host / "out" / f"{number:03}.txt").write_text(str(number))

    return script


async def test_every_page_is_uploaded(world, rules):
    world.work = MemoryWork(rules=rules, page_size=7)
    world.runner.script = many(30)
    await world.serve(world.job())
    assert sorted(world.objects.puts) == [f"out/{number:03}.txt" for number in range(30)]
    assert world.report.outcome is Outcome.PUBLISHED


async def test_several_rules_each_get_their_subset(world):
    world.work = MemoryWork(
        rules=[
            OutputRule(target=ObjectRef(bucket="data", key="odd"), suffix=("1.txt",)),
            OutputRule(target=ObjectRef(bucket="data", key="all")),
        ]
    )
    world.runner.script = many(3)
    await world.serve(world.job())
    assert sorted(world.objects.puts) == ["all/000.txt", "all/001.txt", "all/002.txt", "odd/001.txt"]


async def test_uploads_run_a_few_at_a_time(world):
    running = set()
    peaks = []

    class Slow(type(world.objects)):
        async def put(self, ref, source, *, size, metadata, media_type=""):
            running.add(ref.key)
            peaks.append(len(running))
            await asyncio.sleep(0)
            running.discard(ref.key)
            return await super().put(ref, source, size=size, metadata=metadata)

    world.objects = Slow()
    world.runner.script = many(40)
    await world.serve(world.job())
    assert max(peaks) == 4
    assert world.stored("out/039.txt") == b"39"


@pytest.mark.parametrize("fault", [StoreUnavailable, NotFound, Forbidden])
async def test_an_upload_that_cannot_be_made_keeps_the_sealed_folder(world, fault):
    class Refusing(type(world.objects)):
        async def put(self, ref, source, *, size, metadata, media_type=""):
            if ref.key.endswith("005.txt"):
                raise fault
            return await super().put(ref, source, size=size, metadata=metadata)

    world.objects = Refusing()
    world.runner.script = many(10)
    assert await world.serve(world.job()) is True
    assert world.report.outcome is Outcome.UNPUBLISHED
    assert "could not be stored" in world.report.reason
    assert world.work.commits["copy-1"].manifest.sealed == "copy-1-1"
    assert len(list((world.sealed / "copy-1-1").iterdir())) == 10


async def test_a_second_generation_removes_what_only_the_first_had(world):
    world.runner.script = many(3)
    await world.serve(world.job())
    world.runner.script = many(2)
    await world.serve(world.job(attempt=2))
    assert sorted(key for _, key in world.objects.kept if key.startswith("out/")) == ["out/000.txt", "out/001.txt"]
    assert world.work.commits["copy-1"].generation == 2


async def test_an_earlier_attempts_folder_is_removed_when_the_script_runs_again(world):
    (world.sealed / "copy-1-1").mkdir(parents=True)
    (world.sealed / "copy-1-1" / "old").write_text("crashed before its commit")
    await world.serve(world.job(attempt=2))
    assert list(world.sealed.iterdir()) == []
