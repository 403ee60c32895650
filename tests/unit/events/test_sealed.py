"""A call's sealed folder: where its parts lie, and that no other name is a stream."""

from pathlib import Path

import pytest

from statuette.events.sealed import STREAMS, SealedFolder

FOLDER = SealedFolder(Path("/sealed/c-1"))


def test_where_the_parts_lie() -> None:
    assert FOLDER.out == Path("/sealed/c-1/out")
    assert [FOLDER.stream(name) for name in STREAMS] == [Path("/sealed/c-1/stdout"), Path("/sealed/c-1/stderr")]


@pytest.mark.parametrize("name", ["", "out", "stdin", "../stdout", "/etc/passwd", "STDOUT"])
def test_what_is_no_stream(name: str) -> None:
    with pytest.raises(ValueError, match="neither stdout nor stderr"):
        FOLDER.stream(name)
