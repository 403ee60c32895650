"""Reading beside the writer: few connections of their own, in threads of their own, never in the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from statuette.adapters.ledger_sql.faults import translated
from statuette.ports.errors import LedgerUnavailable

T = TypeVar("T")
CONNECTIONS = 2


class Reader:
    """Runs questions. What was written before a question is asked is seen by it."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(max_workers=CONNECTIONS, thread_name_prefix="ledger-reader")
        self._closed = False

    async def read(self, question: Callable[[sa.Connection], T]) -> T:
        """Ask; raises `LedgerUnavailable`, `BadInput` for values no database takes."""
        if self._closed:
            raise LedgerUnavailable("the ledger is closed")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, question)

    async def aclose(self) -> None:
        """End the threads and their connections."""
        self._closed = True
        await asyncio.to_thread(self._threads.shutdown)
        await asyncio.to_thread(self._engine.dispose)

    def _ask(self, question: Callable[[sa.Connection], T]) -> T:
        try:
            with self._engine.connect() as connection:
                return question(connection)
        except (exc.SQLAlchemyError, UnicodeError, OverflowError) as error:
            raise translated(error) from error
