"""The input, written into a workspace that may hold traps."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from statuette.events.event import Event, EventKind
from statuette.events.jobs import Outcome
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.supervisor import Limits


def seen(world, name="INPUT_FILE_PATH"):
    return world.runner.orders[0].variables.get(name)


def reading(world):
    """A script that keeps what its input held."""
    found = {}

    def script(host, order, output):
        for path in (host / "in").iterdir():
            found[path.name] = (path.read_bytes(), path.stat())

    world.runner.script = script
    return found


def body(job, kind, **more):
    return replace(job, event=Event(kind=kind), **more)


async def test_an_object_becomes_a_private_file_of_the_scripts_user(world):
    found = reading(world)
    await world.serve(world.job())
    content, facts = found["copy-1.txt"]
    assert content == b"hello"
    assert facts.st_mode & 0o777 == 0o600
    assert facts.st_uid == world.runner.workspace.owner[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
async def test_root_gives_the_input_to_the_workspaces_owner(world):
    world.runner.workspace = replace(world.runner.workspace, owner=(12345, 12346))
    (world.runner.workspace.host / "out").rmdir()
    found = reading(world)
    await world.serve(world.job())
    assert (found["copy-1.txt"][1].st_uid, found["copy-1.txt"][1].st_gid) == (12345, 12346)
    assert (world.runner.workspace.host / "out").stat().st_uid == 12345


async def test_a_raw_body_becomes_an_event_file(world):
    found = reading(world)
    await world.serve(body(world.job(), EventKind.RAW, payload=b"\x00raw"))
    [(name, (content, _))] = found.items()
    assert name.startswith("event-file-")
    assert content == b"\x00raw"
    assert seen(world) == f"/work/in/{name}"


async def test_a_body_in_a_file_is_copied(world, tmp_path):
    place = tmp_path / "body"
    place.write_bytes(b"x" * (3 * 1024 * 1024))
    found = reading(world)
    await world.serve(body(world.job(), EventKind.RAW, payload_path=str(place)))
    assert next(iter(found.values()))[0] == place.read_bytes()


async def test_json_is_the_input_and_the_event(world):
    found = reading(world)
    await world.serve(body(world.job(), EventKind.JSON, payload=b'{"a": 1}'))
    assert next(iter(found.values()))[0] == b'{"a": 1}'
    assert seen(world, "EVENT") == '{"a": 1}'


async def test_without_staging_nothing_is_fetched(world):
    found = reading(world)
    await world.serve(world.job(stage_in=False))
    assert found == {}
    assert seen(world) is None
    assert seen(world, "STORAGE_OBJECT_KEY") == "in/copy-1.txt"


async def test_a_disk_too_full_is_the_platforms_fault(world):
    world.limits = Limits(reserve=2**62, patience=0.0)
    assert await world.serve(world.job()) is True
    assert world.report.outcome is Outcome.PLATFORM_FAULT
    assert "no room" in world.report.reason


async def test_a_long_key_gives_a_short_name_with_its_extension(world):
    key = "in/" + "n" * 400 + ".png"
    world.objects.kept["data", key] = (b"picture", {})
    ref = ObjectRef(bucket="data", key=key, version=ObjectVersion(etag="e", size=7, modified=1))
    found = reading(world)
    await world.serve(replace(world.job(), event=Event(kind=EventKind.STORAGE, object=ref)))
    [name] = found
    assert len(name) <= 255
    assert name.endswith(".png")


@pytest.mark.parametrize("trap", ["link", "file"])
async def test_nothing_is_written_through_a_link_in_the_workspace(world, tmp_path: Path, trap):
    victim = tmp_path / "victim"
    victim.write_text("safe")
    place = world.runner.workspace.host / "in" / "copy-1.txt"
    place.symlink_to(victim) if trap == "link" else place.write_text("old")
    assert await world.serve(world.job()) is False
    assert victim.read_text() == "safe"
    assert world.report.outcome is Outcome.PLATFORM_FAULT


async def test_an_input_folder_replaced_by_a_link_is_not_followed(world, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    inside = world.runner.workspace.host / "in"
    inside.rmdir()
    inside.symlink_to(elsewhere)
    world.runner.script = lambda *_: None
    world.work.add(world.job())
    world.work.finished()
    assert await world.supervisor().serve(world.runner) is False
    assert list(elsewhere.iterdir()) == []
