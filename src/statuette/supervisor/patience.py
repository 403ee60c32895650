"""Saying something to a platform that may be away for a moment."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from statuette.ports.clock import Clock
from statuette.ports.errors import Unavailable

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")

_FIRST = 0.1
_LONGEST = 5.0


async def insist(say: Callable[[], Awaitable[Answer]], *, clock: Clock, patience: float) -> Answer:
    """Say it until it is heard, at growing intervals; after `patience` seconds the last `Unavailable` is raised."""
    until = clock.monotonic() + patience
    delay = _FIRST
    while True:
        try:
            return await say()
        except Unavailable as error:
            if clock.monotonic() + delay > until:
                raise
            logger.warning("the platform does not answer: %s", error, extra={"action": "platform_away"})
        await clock.sleep(delay)
        delay = min(delay * 2, _LONGEST)
