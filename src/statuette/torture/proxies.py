"""A proxy of ours between the manager and a store: it passes bytes on, until it is told not to.

HTTP and gRPC pass untouched, so signatures over the `Host` header hold.
"""

import asyncio
from contextlib import suppress

_BLOCK = 65536
_REFUSAL = (
    b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nContent-Length: 84\r\nConnection: close\r\n\r\n"
    b"<Error><Code>SlowDown</Code><Message>under torture: try again later</Message></Error>\n"
)
_REQUEST_TIME = 5.0


class Proxy:
    """Listens on the loopback and passes on to `target`, a port there.

    `slow`: seconds before each block is passed on. `failing`: requests are answered 503. `closed`: nobody gets in.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.slow = 0.0
        self.failing = False
        self.closed = False
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server:
            self._server.close()
        self.cut()
        await asyncio.sleep(0)

    def cut(self) -> None:
        """Break every connection, as a network does: without a word."""
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if self.closed:
                writer.transport.abort()
            elif self.failing:
                await _refuse(reader, writer)
            else:
                await self._pass_on(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            writer.transport.abort()
        finally:
            self._open.discard(writer)
            writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._open.add(inner_writer)
        ways = [
            asyncio.create_task(self._one_way(reader, inner_writer)),
            asyncio.create_task(self._one_way(inner_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._open.discard(inner_writer)
            inner_writer.close()

    async def _one_way(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_BLOCK):
            if self.slow:
                await asyncio.sleep(self.slow)
            writer.write(data)
            await writer.drain()


async def _refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read one request whole, so that its sender listens, and refuse it."""
    async with asyncio.timeout(_REQUEST_TIME):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (
                int(line.partition(b":")[2])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length:")
            ),
            0,
        )
        with suppress(asyncio.IncompleteReadError):
            await reader.readexactly(length)
        writer.write(_REFUSAL)
        await writer.drain()
