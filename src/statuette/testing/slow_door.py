"""A door before a server that makes it far away: each request waits, bytes come slowly, some may be changed."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

_CHUNK = 64 * 1024

Twist = Callable[[bytes], bytes]


class SlowDoor:
    """Passes TCP on to `host:port`, on a free port of the loopback.

    `latency` is seconds that every request waits (what a client sends after it was answered), `rate` bytes a second
    in each direction of a connection (0: no bound). `up` and `down` change what clients and the server send. All may
    be set at any time; `requests` counts.
    """

    def __init__(self, host: str, port: int, *, latency: float = 0.0, rate: float = 0.0) -> None:
        self._to = (host, port)
        self.latency = latency
        self.rate = rate
        self.up: Twist | None = None
        self.down: Twist | None = None
        self.requests = 0
        self.port = 0
        self._connections: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["SlowDoor"]:
        """Listen, for the length of a block; `port` is known then. Connections end with it."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._connect(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection until either side ends it."""
        ends = [writer]
        with contextlib.suppress(OSError, asyncio.CancelledError):
            there, here = await asyncio.open_connection(*self._to)
            ends.append(here)
            await self._pump(reader, writer, there=there, here=here)
        for end in ends:
            end.close()
        for end in ends:
            with contextlib.suppress(OSError):
                await end.wait_closed()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        there: asyncio.StreamReader,
        here: asyncio.StreamWriter,
    ) -> None:
        answered = asyncio.Event()
        answered.set()
        pumps = [
            asyncio.create_task(self._requests(reader, here, answered)),
            asyncio.create_task(self._answers(there, writer, answered)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answered: asyncio.Event
    ) -> None:
        while data := await reader.read(_CHUNK):
            if answered.is_set():
                answered.clear()
                self.requests += 1
                await asyncio.sleep(self.latency)
            await self._pass_on(self.up(data) if self.up else data, writer)

    async def _answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answered: asyncio.Event
    ) -> None:
        while data := await reader.read(_CHUNK):
            answered.set()
            await self._pass_on(self.down(data) if self.down else data, writer)

    async def _pass_on(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        if self.rate:
            await asyncio.sleep(len(data) / self.rate)


@contextmanager
def slow_door(host: str, port: int, *, latency: float = 0.0, rate: float = 0.0) -> Iterator[SlowDoor]:
    """A door in a thread of its own, for the length of a block."""
    door = SlowDoor(host, port, latency=latency, rate=rate)
    loop = asyncio.new_event_loop()
    ready, ending = threading.Event(), asyncio.Event()

    async def live() -> None:
        async with door.open():
            ready.set()
            await ending.wait()

    def run() -> None:
        with contextlib.closing(loop):
            loop.run_until_complete(live())

    thread = threading.Thread(target=run, name="slow door")
    thread.start()
    ready.wait(10)
    try:
        yield door
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join(10)
