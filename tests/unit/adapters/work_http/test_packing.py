"""A sealed folder as a stream: what `core.unpacking` makes of it is what stood there."""

import os

import pytest

from statuette.adapters.work_http.packing import packed, removed
from statuette.core.unpacking import Most, unpack
from statuette.ports.errors import Unavailable


@pytest.fixture
def sealed(tmp_path):
    folder = tmp_path / "call-1"
    (folder / "out/d").mkdir(parents=True)
    return folder


async def test_what_goes_in_comes_out(sealed, tmp_path):
    files = {"out/d/a": b"1", "out/ü \n": b"", "out/big": os.urandom(2_500_000), "stdout": b"said"}
    for name, data in files.items():
        (sealed / name).write_bytes(data)
    await unpack(packed(sealed), tmp_path / "copy", most=Most())
    copy = tmp_path / "copy"
    assert {path.relative_to(copy).as_posix(): path.read_bytes() for path in copy.rglob("*") if path.is_file()} == files


async def test_many_small_files_travel_together(sealed):
    for number in range(1000):
        (sealed / "out" / str(number)).write_bytes(b"x" * 100)
    chunks = [chunk async for chunk in packed(sealed)]
    assert len(chunks) < 10
    assert max(map(len, chunks)) < 200_000


async def test_links_and_fifos_stay(sealed):
    (sealed / "out/link").symlink_to("/etc/passwd")
    (sealed / "out/folder").symlink_to("/etc")
    os.mkfifo(sealed / "out/fifo")
    assert b"".join([chunk async for chunk in packed(sealed)]) == b""


async def test_a_file_that_becomes_shorter_ends_the_stream(sealed):
    (sealed / "out/big").write_bytes(b"x" * 5_000_000)
    stream = packed(sealed)
    await anext(stream)
    os.truncate(sealed / "out/big", 10)
    with pytest.raises(Unavailable):
        [chunk async for chunk in stream]


async def test_removing_is_no_error_twice(sealed):
    await removed(sealed)
    await removed(sealed)
    assert not sealed.exists()
