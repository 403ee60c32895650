"""The key file and what it closes."""

import stat
from pathlib import Path

import pytest

from statuette.adapters.ledger_sql.seal import Seal, make_key, read_key
from statuette.ports.errors import LedgerUnavailable


def test_a_made_key_is_its_owners_alone(key_file: Path) -> None:
    key = make_key(key_file)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert read_key(key_file) == key
    assert list(key_file.parent.iterdir()) == [key_file]


def test_an_existing_key_is_never_replaced(key_file: Path) -> None:
    assert make_key(key_file) == make_key(key_file)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_key_that_others_can_reach_is_refused(key_file: Path, mode: int) -> None:
    make_key(key_file)
    key_file.chmod(mode)
    with pytest.raises(LedgerUnavailable, match="only its owner"):
        read_key(key_file)


@pytest.mark.parametrize("content", [b"", b"not a key", b"AAAA\n"])
def test_a_file_without_a_key_is_refused(key_file: Path, content: bytes) -> None:
    key_file.touch(0o600)
    key_file.write_bytes(content)
    with pytest.raises(LedgerUnavailable, match="no key"):
        read_key(key_file)


def test_a_value_opens_only_with_its_key_and_under_its_name() -> None:
    seal = Seal(b"k" * 32)
    closed = seal.close("a", "valué")
    assert seal.open("a", closed) == "valué"
    assert seal.close("a", "valué") != closed
    for other, name, value in (
        (Seal(b"l" * 32), "a", closed),
        (seal, "b", closed),
        (seal, "a", closed[:-1] + bytes([closed[-1] ^ 1])),
        (seal, "a", b""),
    ):
        with pytest.raises(LedgerUnavailable, match="key file"):
            other.open(name, value)
