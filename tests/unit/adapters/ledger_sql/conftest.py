"""A SQLite ledger's address and parts for the tests of this room."""

from pathlib import Path

import pytest

from statuette.testing.clock import VirtualClock
from statuette.testing.ledger_suite_parts import NOW


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(start=NOW)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def url(database: Path) -> str:
    return f"sqlite:///{database}"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.key"
