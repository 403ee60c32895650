"""A question that waits for its answer while those who ask it come and go.

A proxy cuts what is silent for long, and an answer may be lost on its way. So the waiting is not the asker's: it goes
on between two asks, and an answer is given again until the next turn says that it was heard.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from statuette.ports.errors import BadInput

T = TypeVar("T")


class Standing(Generic[T]):
    """One question, asked turn by turn, beginning with turn 0."""

    def __init__(self) -> None:
        self._turn = 0
        self._waiting: asyncio.Task[T] | None = None

    async def answer(self, turn: int, *, ask: Callable[[], Awaitable[T]], wait: float) -> T | None:
        """The answer of this turn, None when there is none within `wait` seconds or the question was ended.

        Raises `BadInput` for a turn that is neither this one nor the next, and what `ask` raises; then it is asked
        anew.
        """
        self._begin(turn)
        if self._waiting is None:
            self._waiting = asyncio.ensure_future(_asked(ask))
        waiting = self._waiting
        done, _ = await asyncio.wait({waiting}, timeout=wait)
        if not done or waiting.cancelled():
            return None
        if waiting.exception() is not None and self._waiting is waiting:
            self._waiting = None
        return waiting.result()

    async def end(self, *, patience: float = 0.0) -> None:
        """Ask no longer; what is being answered may come in for another `patience` seconds."""
        if self._waiting is None:
            return
        await asyncio.wait({self._waiting}, timeout=patience)
        self._waiting.cancel()
        await asyncio.gather(self._waiting, return_exceptions=True)
        self._waiting = None

    def _begin(self, turn: int) -> None:
        heard = self._waiting is not None and self._waiting.done()
        if turn == self._turn + 1 and heard:
            self._turn, self._waiting = turn, None
        if turn != self._turn:
            raise BadInput(f"turn: {turn} is not {self._turn}, which is the one to be answered")


async def _asked(ask: Callable[[], Awaitable[T]]) -> T:
    return await ask()
