"""The one thread that writes: it takes everything that waits and commits it as one transaction.

A request is a value with a place for its answer. Callers on the event loop put it into a queue and wait for a
future; the thread gathers what has queued up while the last transaction was being synced, runs the stages over it in a
fixed order (requests that wait at the same time are concurrent, so any order is right), commits, and only then answers
all of them with one word to the event loop. A request that is refused (`LeaseLost`, `Conflict`, …) is found out before
anything is written for it, so it costs the others nothing; when the transaction itself fails, every request is tried
once more alone, so that one that cannot be written does not take the others with it.
"""

import asyncio
import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from statuette.adapters.ledger_sql.batch import Batch
from statuette.adapters.ledger_sql.faults import translated, worth_repeating
from statuette.ports.clock import Clock
from statuette.ports.errors import LedgerUnavailable, Unavailable

_log = logging.getLogger(__name__)

A = TypeVar("A")
MAX_WEIGHT = 2000
"""About how many rows one transaction takes on; what is more waits for the next."""
_TRIES = 3


@dataclass(slots=True, eq=False, kw_only=True)
class Request(Generic[A]):
    """One thing to be written. A stage gives it an `answer` or a `refusal`.

    `weight` is about how many rows it touches. `serial` kinds make or end jobs: of several managers only one does so at
    a time.
    """

    serial: ClassVar[bool] = False
    weight: int = 1
    answer: A | None = None
    refusal: BaseException | None = None
    future: "asyncio.Future[A]" = field(init=False)

    def again(self) -> None:
        """Forget an answer that belongs to a transaction which failed."""
        self.answer = None
        self.refusal = None


Stage = Callable[[Batch, Sequence[Any]], None]
Stages = Sequence[tuple[type[Request[Any]], Stage]]


class Writer:
    """Owns the connection that writes. `stages` says for each kind of request what is done, in the order it is done.

    `moved` is told after each transaction of which services jobs moved, before anyone is answered.
    """

    def __init__(
        self,
        engine: sa.Engine,
        *,
        stages: Stages,
        clock: Clock,
        lease_clock: Callable[[], float],
        moved: Callable[[set[str]], None],
    ) -> None:
        self._engine = engine
        self._stages = stages
        self._clock = clock
        self._lease_clock = lease_clock
        self._moved = moved
        self._queue: queue.SimpleQueue[Request[Any] | None] = queue.SimpleQueue()
        self._connection: sa.Connection | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    async def submit(self, request: Request[A]) -> A:
        """Have it written; returns when it is durable. A caller that is cancelled leaves the writing undisturbed."""
        if self._closed:
            raise LedgerUnavailable("the ledger is closed")
        request.future = asyncio.get_running_loop().create_future()
        self._queue.put(request)
        return await request.future

    async def aclose(self) -> None:
        """Write what is queued, then end the thread and its connection."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        going_on = True
        while going_on:
            requests, going_on = self._gather()
            if requests:
                self._write(requests)
                _tell(requests)
        self._drop_connection()

    def _gather(self) -> tuple[list[Request[Any]], bool]:
        """All that waits, up to `MAX_WEIGHT`, and whether there will be more."""
        requests: list[Request[Any]] = []
        weight = 0
        waiting = self._queue.get()
        while waiting is not None:
            requests.append(waiting)
            weight += waiting.weight
            if weight >= MAX_WEIGHT:
                return requests, True
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                return requests, True
        return requests, False

    def _write(self, requests: Sequence[Request[Any]]) -> None:
        try:
            self._transact_repeating(requests)
        except Exception as error:  # noqa: BLE001 - every error is handed to its caller, or the batch is taken apart
            fault = translated(error)
            if len(requests) == 1 or isinstance(fault, Unavailable):
                self._refuse(requests, fault=fault, error=error)
                return
            for request in requests:
                self._write([request])

    def _refuse(self, requests: Sequence[Request[Any]], *, fault: Exception, error: Exception) -> None:
        """Answer all of them with the fault, each with an exception object of its own (each gets its own traceback)."""
        _log.warning(
            "the ledger refused a transaction",
            extra={"action": "ledger_write_failed", "requests": len(requests), "error": type(error).__name__},
            exc_info=error,
        )
        for request in requests:
            request.again()
            request.refusal = type(fault)(str(fault)) if isinstance(fault, Unavailable) else fault
            request.refusal.__cause__ = error if error is not fault else None

    def _transact_repeating(self, requests: Sequence[Request[Any]]) -> None:
        for left in reversed(range(_TRIES)):
            for request in requests:
                request.again()
            try:
                self._transact(requests)
                return
            except exc.DBAPIError as error:
                if not left or not worth_repeating(error):
                    raise

    def _transact(self, requests: Sequence[Request[Any]]) -> None:
        with self._connected() as connection:
            batch = Batch(connection, now=self._clock.wall(), lease_clock=self._lease_clock)
            try:
                with connection.begin():
                    self._run_stages(batch, requests)
            finally:  # also when it failed: a commit that was not confirmed may have been made
                self._moved(batch.moved_services())

    def _run_stages(self, batch: Batch, requests: Sequence[Request[Any]]) -> None:
        if any(request.serial for request in requests):
            batch.serialise()
        kinds: dict[type, list[Request[Any]]] = {}
        for request in requests:
            kinds.setdefault(type(request), []).append(request)
        for kind, stage in self._stages:
            if kind in kinds:
                stage(batch, kinds[kind])
        batch.finish()

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        if self._connection is None:
            self._connection = self._engine.connect()
        try:
            yield self._connection
        except exc.DBAPIError:
            self._drop_connection()  # it may be broken; the next transaction gets a new one
            raise

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(exc.SQLAlchemyError):
                connection.close()


def _tell(requests: Sequence[Request[Any]]) -> None:
    """Give all answers with one call to each event loop that waits (there is one, but for tests)."""
    loops = {request.future.get_loop() for request in requests}
    for loop in loops:
        mine = [request for request in requests if request.future.get_loop() is loop]
        try:
            loop.call_soon_threadsafe(_resolve, mine)
        except RuntimeError:
            _log.warning("nobody waits any more for what was written", extra={"action": "ledger_loop_gone"})


def _resolve(requests: Sequence[Request[Any]]) -> None:
    for request in requests:
        if request.future.done():
            continue
        if request.refusal is not None:
            request.future.set_exception(request.refusal)
        else:
            request.future.set_result(request.answer)
