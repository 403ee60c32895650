"""Following a job's log while it is being written, from its first attempt that ran to its end."""

from collections.abc import AsyncIterator

from statuette.events.jobs import FINAL
from statuette.ports.clock import Clock
from statuette.ports.errors import NotFound
from statuette.ports.jobs import JobLedger
from statuette.ports.logs import Logs

LOOK = 0.2
"""Seconds between two looks whether an attempt has begun."""


async def last_run(ledger: JobLedger, job: str) -> int:
    """The number of the last attempt that ran the script, 0 if none did; taking up an upload again runs nothing."""
    attempts, _ = await ledger.history(job)
    return max((attempt.number for attempt in attempts if attempt.script_hash), default=0)


async def follow(
    ledger: JobLedger, logs: Logs, clock: Clock, *, service: str, job: str, timestamps: bool
) -> AsyncIterator[bytes]:
    """What all further attempts write, the present one from its beginning, until the job has ended."""
    told = 0
    while True:
        found = await ledger.get(job)
        number = await last_run(ledger, job)
        if number > told:
            try:
                async for chunk in logs.read(service, job, number, timestamps=timestamps, follow=True):
                    yield chunk
                told = number
                continue
            except NotFound:  # leased, and the log not opened yet
                pass
        if found is None or found.state in FINAL:
            return
        await clock.sleep(LOOK)
