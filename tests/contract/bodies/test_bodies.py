"""What every place for bodies must do."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from statuette.adapters.bodies_files import FileBodies
from statuette.ports.errors import BadInput, TooLarge
from statuette.testing.bodies import MemoryBodies


@pytest.fixture(params=["memory", "files"])
def bodies(request, tmp_path):
    return MemoryBodies(tmp_path) if request.param == "memory" else FileBodies(tmp_path)


def content(bodies, name):
    place = Path(bodies.path(name))
    return place.read_bytes() if place.exists() else None


def mode(place):
    return Path(place).stat().st_mode & 0o777


async def chunks(*parts):
    for part in parts:
        await asyncio.sleep(0)
        yield part


async def test_a_body_is_kept_whole(bodies, tmp_path):
    parts = [b"a" * 1000, b"", b"b" * 700_000, b"c"]
    name, digest = await bodies.keep("gray-1", chunks(*parts), limit=1_000_000)
    assert digest == hashlib.sha256(b"".join(parts)).hexdigest()
    assert content(bodies, name) == b"".join(parts)
    await bodies.drop(name)
    await bodies.drop(name)
    assert content(bodies, name) is None


async def test_an_empty_body_is_a_body(bodies):
    name, _ = await bodies.keep("gray-1", chunks(), limit=10)
    assert content(bodies, name) == b""


async def test_of_a_body_too_large_nothing_is_left(bodies, tmp_path):
    with pytest.raises(TooLarge):
        await bodies.keep("gray-1", chunks(b"x" * 6, b"x" * 6), limit=11)
    assert list(tmp_path.iterdir()) == []


async def test_of_a_body_cut_off_nothing_is_left(bodies, tmp_path):
    async def broken():
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await bodies.keep("gray-1", broken(), limit=100)
    assert list(tmp_path.iterdir()) == []


async def test_of_a_cancelled_body_nothing_is_left(bodies, tmp_path):
    async def endless():
        yield b"half"
        await asyncio.sleep(60)

    keeping = asyncio.create_task(bodies.keep("gray-1", endless(), limit=100))
    await asyncio.sleep(0.05)
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "..", "a\0b", "x" * 300])
async def test_names_that_lead_elsewhere_are_refused(bodies, name):
    with pytest.raises(BadInput):
        await bodies.keep(name, chunks(b"x"), limit=10)
    with pytest.raises(BadInput):
        bodies.path(name)


async def test_files_are_private(tmp_path):
    bodies = FileBodies(tmp_path / "bodies")
    name, _ = await bodies.keep("gray-1", chunks(b"x"), limit=10)
    assert mode(bodies.path(name)) == 0o600
    assert mode(tmp_path / "bodies") == 0o700


async def test_half_a_body_of_a_crash_is_removed_at_the_next_start(tmp_path):
    (tmp_path / "gray-1.part").write_text("half")
    (tmp_path / "gray-2").write_text("whole")
    FileBodies(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["gray-2"]
