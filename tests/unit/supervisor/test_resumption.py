"""Going on with an upload after a crash."""

import asyncio
from dataclasses import replace

import pytest

from statuette.events.jobs import Outcome
from statuette.events.leases import Lease, Manifest
from statuette.ports.errors import StoreUnavailable


@pytest.fixture
async def crashed(world):
    """A job of five outputs whose store went away after the third: its resuming assignment."""

    class Failing(type(world.objects)):
        room = 3

        async def put(self, ref, source, *, size, metadata, media_type=""):
            if self.room == 0:
                raise StoreUnavailable
            self.room -= 1
            return await super().put(ref, source, size=size, metadata=metadata)

    world.objects = Failing()

    def script(host, order, output):
        for number in range(5):
            (host / "out" / str(number)).write_text(f"result {number}")

    world.runner.script = script
    job = world.job()
    await world.serve(job)
    world.work.reports.clear()
    world.objects.room = 100
    return replace(job, lease=Lease(job="copy-1", attempt=2, runner="publisher"), resume=world.work.commits["copy-1"])


async def publish(world, assignment):
    world.work.add(assignment)
    world.work.finished()
    await world.supervisor().publish_leftovers()


async def test_only_what_is_missing_is_stored(world, crashed):
    stored = list(world.objects.puts)
    await publish(world, crashed)
    assert world.report.outcome is Outcome.PUBLISHED
    assert sorted(world.objects.puts) == [f"out/{number}" for number in range(5)]
    assert len(stored) == 3
    assert world.stored("out/4") == b"result 4"
    assert list(world.sealed.iterdir()) == []
    assert len(world.runner.orders) == 1


async def test_an_object_of_another_commit_is_stored_again(world, crashed):
    key = ("data", world.objects.puts[0])
    world.objects.kept[key] = (world.objects.kept[key][0], {"statuette-commit": "another"})
    await publish(world, crashed)
    assert world.objects.puts.count(key[1]) == 2


async def test_a_runners_loop_resumes_too_and_leaves_the_runner_alone(world, crashed):
    resets = world.runner.resets
    assert await world.serve(crashed) is True
    assert world.report.outcome is Outcome.PUBLISHED
    assert world.runner.resets == resets


async def test_a_lost_folder_makes_the_job_run_again(world, crashed):
    for path in (world.sealed / "copy-1-1").iterdir():
        path.unlink()
    (world.sealed / "copy-1-1").rmdir()
    await publish(world, crashed)
    assert world.report.outcome is Outcome.PLATFORM_FAULT
    assert "lost" in world.report.reason


async def test_a_lost_folder_is_not_missed_when_everything_was_stored(world, crashed):
    """Another manager takes the upload up, or this one lost its disk: the script need not run again."""
    await publish(world, crashed)
    stored = list(world.objects.puts)
    assert not (world.sealed / "copy-1-1").exists()
    world.work.reports.clear()
    await publish(world, crashed)
    assert world.report.outcome is Outcome.PUBLISHED
    assert world.objects.puts == stored


@pytest.mark.parametrize("damage", [b"", b"result X"])
async def test_a_file_that_is_not_what_was_committed_makes_the_job_run_again(world, crashed, damage):
    for number in range(5):
        (world.sealed / "copy-1-1" / str(number)).write_bytes(damage)
    await publish(world, crashed)
    assert world.report.outcome is Outcome.PLATFORM_FAULT
    assert list(world.sealed.iterdir()) == []


@pytest.mark.parametrize("name", ["../escape", "", "..", "/etc", "a/b"])
async def test_a_commit_that_names_another_folder_is_not_followed(world, crashed, name):
    manifest = replace(crashed.resume.manifest, sealed=name)
    await publish(world, replace(crashed, resume=replace(crashed.resume, manifest=manifest)))
    assert world.report.outcome is Outcome.PLATFORM_FAULT


async def test_a_link_in_a_sealed_files_place_is_not_followed(world, crashed, tmp_path):
    (tmp_path / "secret").write_text("result 4")
    (world.sealed / "copy-1-1" / "4").unlink()
    (world.sealed / "copy-1-1" / "4").symlink_to(tmp_path / "secret")
    await publish(world, crashed)
    assert world.report.outcome is Outcome.PLATFORM_FAULT
    assert "out/4" not in world.objects.puts


async def test_a_store_still_away_keeps_it_unpublished(world, crashed):
    world.objects.room = 0
    await publish(world, crashed)
    assert world.report.outcome is Outcome.UNPUBLISHED
    assert (world.sealed / "copy-1-1").is_dir()


async def test_the_exit_code_of_a_failed_script_is_not_forgotten(world, crashed):
    manifest = replace(crashed.resume.manifest, exit_code=3)
    await publish(world, replace(crashed, resume=replace(crashed.resume, manifest=manifest)))
    assert (world.report.outcome, world.report.exit_code) == (Outcome.SCRIPT_FAILED, 3)


async def test_a_commit_without_outputs_needs_no_folder(world, crashed):
    commit = replace(crashed.resume, manifest=Manifest(entries=()))
    await publish(world, replace(crashed, resume=commit))
    assert world.report.outcome is Outcome.PUBLISHED


async def test_a_cancelled_publisher_leaves_it_to_the_next(world, crashed):
    class Waiting(type(world.objects)):
        async def head(self, ref):
            await asyncio.sleep(60)

    waiting = Waiting()
    waiting.kept = world.objects.kept
    world.objects = waiting
    publishing = asyncio.create_task(publish(world, crashed))
    await asyncio.sleep(0.05)
    publishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publishing
    assert world.report.outcome is Outcome.UNPUBLISHED
    assert (world.sealed / "copy-1-1").is_dir()
