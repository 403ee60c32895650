"""Logs of scripts, sent to the manager as they grow: masked before they leave, in order, bounded in memory."""

import asyncio
import logging
from collections.abc import AsyncIterator

from statuette.adapters.work_http.door import Door
from statuette.events.leases import Lease
from statuette.ports.clock import Clock
from statuette.ports.errors import Fault, Forbidden, Unavailable
from statuette.ports.logs import Logs, LogSink
from statuette.ports.masking import Masker
from statuette.ports.wire import Done, WordsAsk

logger = logging.getLogger(__name__)

GATHER = 0.05
"""Seconds that words may wait for more, so that a talkative script does not send a message a line."""
PIECE = 256 * 1024
"""Bytes of one message."""
ROOM = 1024 * 1024
"""Bytes that wait at most; what a script says meanwhile is cut, and the log tells so."""
PATIENCE = 10.0
"""Seconds that a last word waits for the log before it."""
_PAUSE = 0.5


class HttpSink(LogSink):
    """One attempt's log on its way. `sent` is done when all of it was heard, or given up."""

    def __init__(self, door: Door, lease: Lease, *, secrets: tuple[str, ...], clock: Clock) -> None:
        self.sent: asyncio.Future[None] | None = None
        self._door = door
        self._lease = lease
        self._clock = clock
        self._maskers = {stream: Masker(secrets) for stream in ("stdout", "stderr")}
        self._waiting: list[tuple[str, bytes]] = []
        self._size = 0
        self._cut = 0
        self._closed = False
        self._dead = False
        self._news = asyncio.Event()

    def write(self, stream: str, data: bytes) -> None:
        if not self._closed:
            self._take(stream, self._maskers[stream].feed(data))

    def close(self) -> None:
        if self._closed:
            return
        for stream, masker in self._maskers.items():
            self._take(stream, masker.finish())
        self._tell_cut()
        self._closed = True
        self._news.set()

    def _take(self, stream: str, data: bytes) -> None:
        if not data or self._dead:
            return
        room = ROOM - self._size
        if len(data) > room:
            self._cut += len(data) - room
            data = data[:room]
        elif self._cut:
            self._tell_cut()
        if data:
            self._add(stream, data)

    def _tell_cut(self) -> None:
        if self._cut:
            self._add("stderr", b"\n[statuette: %d bytes were cut here]\n" % self._cut)
            self._cut = 0

    def _add(self, stream: str, data: bytes) -> None:
        self._waiting.append((stream, data))
        self._size += len(data)
        self._news.set()
        if self.sent is None:
            self.sent = asyncio.create_task(self._send())

    async def _send(self) -> None:
        number = 0
        while self._waiting or not self._closed:
            await self._news.wait()
            self._news.clear()
            if not self._closed:
                await asyncio.sleep(GATHER)
            while self._waiting and not self._dead:
                await self._say(WordsAsk(lease=self._lease, number=number, words=self._piece()))
                number += 1
            if self._dead:
                return

    def _piece(self) -> tuple[tuple[str, bytes], ...]:
        """The next words, of one stream together as far as they stand together."""
        words: list[tuple[str, bytes]] = []
        size = 0
        while self._waiting and size < PIECE:
            stream, data = self._waiting.pop(0)
            if len(data) > PIECE - size:
                self._waiting.insert(0, (stream, data[PIECE - size :]))
                data = data[: PIECE - size]
            size += len(data)
            if words and words[-1][0] == stream:
                words[-1] = (stream, words[-1][1] + data)
            else:
                words.append((stream, data))
        self._size -= size
        return tuple(words)

    async def _say(self, piece: WordsAsk) -> None:
        """Until it is heard; a piece that came twice counts once."""
        while True:
            try:
                await self._door.ask("/words", piece, Done)
            except Unavailable:
                await self._clock.sleep(_PAUSE)
            except Fault as error:
                logger.warning("a log ends here: %s", error, extra={"action": "log_failed", "job": self._lease.job})
                self._dead = True
                self._waiting.clear()
                return
            else:
                return


class HttpLogs(Logs):
    """Opens logs of one runner's work; who reads them asks the manager."""

    def __init__(self, door: Door, runner: str, *, clock: Clock) -> None:
        self._door = door
        self._runner = runner
        self._clock = clock
        self._open: dict[Lease, HttpSink] = {}

    def open(self, service: str, job: str, attempt: int, *, secrets: tuple[str, ...]) -> LogSink:  # noqa: ARG002 - the manager knows whose job it is
        lease = Lease(job=job, attempt=attempt, runner=self._runner)
        sink = self._open[lease] = HttpSink(self._door, lease, secrets=secrets, clock=self._clock)
        return sink

    async def settled(self, lease: Lease) -> None:
        """Return when a log that was closed is with the manager, or after a while without it."""
        sink = self._open.pop(lease, None)
        if sink is None or sink.sent is None:
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.shield(sink.sent)
        except TimeoutError:
            logger.warning("a log is not sent to its end", extra={"action": "log_failed", "job": lease.job})
            sink.sent.cancel()

    def read(
        self,
        service: str,  # noqa: ARG002 - nobody's
        job: str,  # noqa: ARG002
        attempt: int,  # noqa: ARG002
        *,
        timestamps: bool,  # noqa: ARG002
        follow: bool,  # noqa: ARG002
    ) -> AsyncIterator[bytes]:
        """Raises `Forbidden`: a supervisor writes logs."""
        raise Forbidden("a supervisor reads no log")

    async def settle(self, service: str, job: str, attempt: int) -> None:
        """Nothing is to be done here: the manager, which has the log, settles it when it takes the last word."""

    async def remove(self, service: str, job: str) -> None:  # noqa: ARG002 - nobody's
        """Raises `Forbidden`."""
        raise Forbidden("a supervisor removes no log")
