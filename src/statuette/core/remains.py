"""What a job leaves behind beside its record: logs, and a submitted body too large for the ledger."""

from collections.abc import Iterable

from statuette.events.jobs import Job
from statuette.ports.bodies import Bodies
from statuette.ports.logs import Logs


class Remains:
    """Removes them."""

    def __init__(self, *, logs: Logs, bodies: Bodies) -> None:
        self._logs = logs
        self._bodies = bodies

    async def clear(self, jobs: Iterable[Job]) -> None:
        """Remove what these jobs left; their records are gone already, so nobody asks for it any more."""
        for job in jobs:
            await self._logs.remove(job.service, job.id)
            if job.event.payload_file:
                await self._bodies.drop(job.event.payload_file)
