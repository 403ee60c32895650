"""What is secret stands nowhere in clear."""

import os
from pathlib import Path

import pytest

from statuette.adapters.ledger_sql import open_ledger
from statuette.ports.errors import LedgerUnavailable
from statuette.testing.clock import VirtualClock
from statuette.testing.ledger_suite_parts import record_of


def _contents(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir() if file.suffix != ".key")


async def test_no_secret_in_the_database_its_wal_or_its_names(url: str, key_file: Path, clock: VirtualClock) -> None:
    async with open_ledger(url, key_file=key_file, clock=clock) as ledger:
        await ledger.services.add(record_of("reader"))
        await ledger.vault.write("store/root", "root-password-of-store")
        written = _contents(key_file.parent)
    for content in (written, _contents(key_file.parent)):
        assert b"store/root" in content  # the names are there: it is the right file
        for secret in (b"token-of-reader", b"secret-of-reader", b"root-password-of-store"):
            assert secret not in content


def _modes(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


async def test_every_file_is_its_owners_alone(url: str, key_file: Path, clock: VirtualClock) -> None:
    async with open_ledger(url, key_file=key_file, clock=clock) as ledger:
        await ledger.vault.write("a", "b")
        modes = _modes(key_file.parent)
    assert set(modes) == {"ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.key"}
    assert set(modes.values()) == {0o600}


async def test_a_lost_key_is_not_replaced_in_silence(url: str, key_file: Path, clock: VirtualClock) -> None:
    async with open_ledger(url, key_file=key_file, clock=clock) as ledger:
        await ledger.vault.write("a", "b")
    os.unlink(key_file)  # noqa: PTH108
    with pytest.raises(LedgerUnavailable, match="key file is gone"):
        async with open_ledger(url, key_file=key_file, clock=clock):
            pass
    assert os.listdir(key_file.parent) == ["ledger.db"]  # noqa: PTH208


async def test_another_key_opens_nothing(url: str, key_file: Path, clock: VirtualClock) -> None:
    async with open_ledger(url, key_file=key_file, clock=clock) as ledger:
        await ledger.vault.write("a", "b")
        await ledger.services.add(record_of("reader"))
    os.unlink(key_file)  # noqa: PTH108
    async with open_ledger(f"{url}.other", key_file=key_file, clock=clock):
        pass
    async with open_ledger(url, key_file=key_file, clock=clock) as ledger:
        with pytest.raises(LedgerUnavailable, match="not the one"):
            await ledger.vault.read("a")
        with pytest.raises(LedgerUnavailable, match="not the one"):
            await ledger.services.all()
