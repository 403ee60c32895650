"""The vault: secrets under their names, sealed on the disk, each bound to its own name."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from statuette.adapters.ledger_sql import open_ledger
from statuette.ports.errors import LedgerUnavailable
from statuette.ports.vault import Vault
from statuette.testing.clock import VirtualClock


@pytest.fixture
async def vault(url: str, key_file: Path, clock: VirtualClock) -> AsyncIterator[Vault]:
    async with open_ledger(url, key_file=key_file, clock=clock) as ledger:
        yield ledger.vault


async def test_what_is_written_is_read_overwritten_and_erased(vault: Vault) -> None:
    assert await vault.read("a") is None
    for value in ("one", "", "zwei\0ü"):
        await vault.write("a", value)
        assert await vault.read("a") == value
    await vault.erase("a")
    await vault.erase("a")
    assert await vault.read("a") is None


async def test_the_last_of_several_words_counts(vault: Vault) -> None:
    calls = [vault.write("a", "1"), vault.erase("a"), vault.write("a", "2")]
    for call in calls:
        await call
    assert await vault.read("a") == "2"


@pytest.mark.parametrize(
    ("prefix", "names"),
    [
        ("", ["%", "K/ü", "k/%", "k/_a", "k/a"]),
        ("k/", ["k/%", "k/_a", "k/a"]),
        ("k/_", ["k/_a"]),
        ("%", ["%"]),
        ("x", []),
    ],
)
async def test_names_by_their_beginning_and_nothing_is_a_pattern(vault: Vault, prefix: str, names: list[str]) -> None:
    for name in ("k/a", "k/_a", "k/%", "K/ü", "%"):
        await vault.write(name, "x")
    assert await vault.names(prefix) == names


async def test_a_secret_is_not_on_the_disk(vault: Vault, database: Path) -> None:
    await vault.write("a", "s3cret-value")
    assert not any(b"s3cret-value" in file.read_bytes() for file in database.parent.iterdir())


async def test_a_secret_does_not_open_under_another_name(vault: Vault, database: Path) -> None:
    await vault.write("a", "of a")
    await vault.write("b", "of b")
    with sqlite3.connect(database) as thief:
        thief.execute("UPDATE vault SET value = (SELECT value FROM vault WHERE name = 'a') WHERE name = 'b'")
    thief.close()
    with pytest.raises(LedgerUnavailable, match="key file"):
        await vault.read("b")
    assert await vault.read("a") == "of a"
