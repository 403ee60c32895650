"""Houses for the ledger's suites: the twin, SQLite, a real PostgreSQL."""

import asyncio
import importlib.util
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import make_url

from statuette.adapters.ledger_sql import open_ledger
from statuette.adapters.ledger_sql.database import parsed, writing_engine
from statuette.adapters.ledger_sql.migrate import migrate
from statuette.testing.clock import VirtualClock
from statuette.testing.ledger import MemoryLedger
from statuette.testing.ledger_suite_parts import NOW, House


def _neighbour(name: str) -> ModuleType:
    """A module of this folder: with `--import-mode=importlib` test folders are no packages."""
    spec = importlib.util.spec_from_file_location(f"ledger_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


postgres = _neighbour("postgres")
DatabaseMaker = Callable[[], AbstractContextManager[str]]


@pytest.fixture(scope="session")
def postgres_server(need: Callable[[bool, str], None]) -> Iterator[DatabaseMaker]:
    """One server for all tests; calling it makes a database."""
    programs, user = postgres.binaries(), postgres.server_user()
    need(programs is not None and user is not None, "PostgreSQL's server binaries, and a user to run them")
    with postgres.running(programs, user) as server, server.database() as migrated:
        address = make_url(migrated)
        migrate(writing_engine(parsed(migrated)))
        yield partial(server.database, address.database)


@asynccontextmanager
async def _memory_house() -> AsyncIterator[House]:
    clock = VirtualClock(start=NOW)
    yield House(ledger=MemoryLedger(clock), clock=clock, outlast=clock.advance)


@asynccontextmanager
async def sql_house(url: str, folder: Path) -> AsyncIterator[House]:
    clock = VirtualClock(start=NOW)
    real = url.startswith("postgresql")
    async with open_ledger(url, key_file=folder / "key", clock=clock) as ledger:
        yield House(
            ledger=ledger, clock=clock, outlast=asyncio.sleep if real else clock.advance, seconds=1 if real else 60
        )


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    """Every suite is run in each of these."""
    if request.param == "memory":
        async with _memory_house() as made:
            yield made
        return
    address: AbstractContextManager[str] = nullcontext(f"sqlite:///{tmp_path}/ledger.db")
    if request.param == "postgresql":
        address = request.getfixturevalue("postgres_server")()
    with address as url:
        async with sql_house(url, tmp_path) as made:
            yield made
