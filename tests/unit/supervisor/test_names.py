"""Names of outputs as stores can hold them."""

import os

import pytest

from statuette.supervisor.names import published_name


@pytest.mark.parametrize("name", ["a.txt", "with space+%.txt", "größe.png", "日本語", "a\u200bb"])
def test_names_that_are_fine_stay(name):
    assert published_name(name) == name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"a\nb", "a%0Ab"),
        (b"caf\xe9", "caf%E9"),
        (b"\x1b[31m", "%1B[31m"),
        (b"\x7f", "%7F"),
        (b"\xc2\x85", "%C2%85"),
        (b"a\\b", "a%5Cb"),
    ],
)
def test_bytes_no_store_can_hold_are_escaped(raw, name):
    assert published_name(os.fsdecode(raw)) == name


def test_a_name_that_grew_too_long_is_shortened_and_keeps_its_extension():
    names = [published_name(os.fsdecode(byte * 100 + b".tar.gz")) for byte in (b"\xff", b"\xfe")]
    assert len(set(names)) == 2
    for name in names:
        assert (len(name.encode()), name.endswith(".tar.gz")) == (255, True)
        assert published_name(name) == name
