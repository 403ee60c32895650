"""What a job leaves behind beside its record: logs, and a submitted body too large for the ledger."""

import logging
from collections.abc import Iterable

from statuette.events.jobs import Job
from statuette.ports.bodies import Bodies
from statuette.ports.logs import Logs

log = logging.getLogger(__name__)


class Remains:
    """Removes them."""

    def __init__(self, *, logs: Logs, bodies: Bodies) -> None:
        self._logs = logs
        self._bodies = bodies

    async def clear(self, jobs: Iterable[Job]) -> None:
        """Remove what these jobs left; their records are gone already, so nobody asks for it any more.

        What the disk refuses to remove is told in the log and stays; the others go all the same.
        """
        for job in jobs:
            try:
                await self._clear_one(job)
            except OSError as error:
                log.warning("what a job left stays: %s", error, extra={"action": "clear", "job": job.id})

    async def _clear_one(self, job: Job) -> None:
        await self._logs.remove(job.service, job.id)
        if job.event.payload_file:
            await self._bodies.drop(job.event.payload_file)
