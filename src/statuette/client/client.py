"""The client: one connection, a noun for each thing one does with a platform."""

from types import TracebackType
from typing import Self

import httpx

from statuette.client.calls import Calls
from statuette.client.connection import Connection
from statuette.client.files import Files, OpenBucket, open_s3
from statuette.client.http import DEFAULT_TIMEOUT, Http
from statuette.client.jobs import Jobs
from statuette.client.letters import Letters
from statuette.client.replay import Replay
from statuette.client.services import Services
from statuette.client.system import System


class Client:
    """A platform, seen from outside.

    Use it as an asynchronous context manager:

        async with Client(Connection("http://127.0.0.1:8080", "oscar", password)) as platform:
            await platform.services.apply(definition)
            answer = await platform.calls.run("ocr", picture)
    """

    def __init__(
        self,
        connection: Connection,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        open_bucket: OpenBucket = open_s3,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        """`transport` and `open_bucket` take the place of the network in tests; `timeout` is in seconds."""
        self.endpoint = connection.endpoint
        self._http = Http(connection, transport=transport, timeout=timeout)
        self.system = System(self._http)
        self.services = Services(self._http)
        self.jobs = Jobs(self._http)
        self.letters = Letters(self._http)
        self.replay = Replay(self._http)
        self.calls = Calls(self._http)
        self.files = Files(self.system, open_bucket=open_bucket)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)
