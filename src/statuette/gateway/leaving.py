"""A caller who leaves takes his call with him."""

import asyncio
from types import TracebackType
from typing import Self

from statuette.web import Disconnected, Upload


class EndsWithCaller:
    """Cancels what runs inside when the caller leaves, and raises `Disconnected` then."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._gone = False

    async def __aenter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a call runs in a task")
        self._task = task
        self._watcher = asyncio.create_task(self._watch())
        return self

    def stay(self) -> None:
        """Stop watching: from here on a caller who leaves only stops receiving."""
        self._watcher.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watcher.cancel()
        # Cancelled by ourselves and by nobody else: then it ends here. A server's own cancellation goes on.
        if self._gone and self._task.uncancel() == 0 and (kind is None or kind is asyncio.CancelledError):
            raise Disconnected from error

    async def _watch(self) -> None:
        await self._upload.left()
        self._gone = True
        self._task.cancel()
