"""An answer's stream: what is written, and what is refused with nothing of it left outside its folder."""

from errno import ENOSPC
from pathlib import Path

import pytest

from statuette.core.unpacking import Most, checked_name, unpack
from statuette.ports.errors import BadInput, DiskFull, TooLarge, UnsafeOutput

FEW = Most(files=3, depth=2, total=100)


def packed(*files):
    return b"".join(b'{"name": "%b", "size": %d}\n%b' % (name, len(data), data) for name, data in files)


async def pieces(data, size):
    for start in range(0, len(data), size):
        yield data[start : start + size]


@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_files_are_written_however_the_stream_is_cut(tmp_path, size):
    data = packed((b"out/a", b"1\n2"), (b"stdout", b""), (b"out/d/b", b"x" * 50))
    await unpack(pieces(data, size), tmp_path / "s", most=FEW)
    assert (tmp_path / "s/out/a").read_bytes() == b"1\n2"
    assert (tmp_path / "s/stdout").read_bytes() == b""
    assert (tmp_path / "s/out/d/b").read_bytes() == b"x" * 50
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "s/out/a").stat().st_mode & 0o777 == 0o600


async def test_an_empty_stream_is_an_empty_folder(tmp_path):
    await unpack(pieces(b"", 1), tmp_path / "s", most=FEW)
    assert list((tmp_path / "s").iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["a", "out", "out/", "/out/a", "out/../a", "out/./a", "out//a", "../x", "stdout/x", "stderr2", "",
     "out/" + "n" * 256, "out/a/b/c/d", "out/\0", "report.json"],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused(name):
    with pytest.raises(UnsafeOutput):
        checked_name(name, depth=2)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"no json\n", BadInput),
        (b'{"name": "out/a", "size": -1}\n', BadInput),
        (b'{"name": "out/a"}\n', BadInput),
        (b'{"name": "out/a", "size": "5"}\nhello', BadInput),
        (b'{"name": "out/a", "size": 5}\nhell', BadInput),
        (b'{"name": "out/a", "size": 5}', BadInput),
        (b"x" * 100_000, BadInput),
        (packed((b"out/a", b"1"), (b"out/a", b"2")), UnsafeOutput),
        (packed((b"out/a", b"1"), (b"out/a/b", b"2")), UnsafeOutput),
        (packed(*((b"out/%d" % number, b"") for number in range(4))), TooLarge),
        (b'{"name": "out/a", "size": 101}\n', TooLarge),
    ],
)
async def test_what_is_no_answer_is_refused(tmp_path, data, error):
    with pytest.raises(error):
        await unpack(pieces(data, 4096), tmp_path / "s", most=FEW)
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


async def test_a_field_is_named(tmp_path):
    with pytest.raises(BadInput, match="size: "):
        await unpack(pieces(b'{"name": "out/a", "size": "x"}\n', 4096), tmp_path / "s", most=FEW)


class NoRoom(type(Path())):
    """A folder on a full disk."""

    def mkdir(self, *_, **__):
        if self.name == "out":
            raise OSError(ENOSPC, "No space left on device")
        super().mkdir()


async def test_a_full_disk_is_told(tmp_path):
    with pytest.raises(DiskFull):
        await unpack(pieces(packed((b"out/a", b"1")), 4096), NoRoom(tmp_path / "s"), most=FEW)
