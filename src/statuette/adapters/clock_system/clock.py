"""The machine's time."""

import asyncio
import time

from statuette.ports.clock import Clock


class SystemClock(Clock):
    """Seconds as the operating system counts them."""

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
