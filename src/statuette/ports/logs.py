"""Where the words of a script are kept, attempt by attempt."""

from collections.abc import AsyncIterator
from typing import Protocol


class LogSink(Protocol):
    """One attempt's log, being written. Bounded in size; what is cut is told in the log itself."""

    def write(self, stream: str, data: bytes) -> None: ...

    def close(self) -> None: ...


class Logs(Protocol):
    """All logs of scripts."""

    def open(self, service: str, job: str, attempt: int, *, secrets: tuple[str, ...]) -> LogSink:
        """A new log; every value in `secrets` is masked in it."""

    def read(self, service: str, job: str, attempt: int, *, timestamps: bool, follow: bool) -> AsyncIterator[bytes]:
        """The whole log, then, with `follow`, what is added until it is closed. Raises `NotFound`,
        also where nothing was ever written.
        """

    async def settle(self, service: str, job: str, attempt: int) -> None:
        """Have a closed log where every manager finds it, as far as that can be done now; said before the attempt's
        last word.
        """

    async def remove(self, service: str, job: str) -> None: ...
