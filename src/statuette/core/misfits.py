"""Jobs that were leased here and cannot be run here now, and what is said of them."""

from statuette.core.loops import is_runaway
from statuette.core.managers import Managers
from statuette.events.jobs import Job, Outcome
from statuette.events.leases import Report
from statuette.ports.bodies import Bodies
from statuette.ports.errors import NotFound, ObjectGone, Unavailable
from statuette.ports.services import ServiceRecord


class Misfits:
    """Tells them from those that can be run."""

    def __init__(self, *, managers: Managers, bodies: Bodies, most_hops: int) -> None:
        self._managers = managers
        self._bodies = bodies
        self._most_hops = most_hops

    async def word(self, job: Job, record: ServiceRecord) -> Report | None:
        """The last word on a misfit; None for a job that `record` can run."""
        if is_runaway(job, most=self._most_hops):
            reason = f"stopped: it comes after {job.event.hops} services in a row, the most are {self._most_hops}"
            return Report(outcome=Outcome.RUNAWAY, reason=reason)
        misplaced = None if job.incarnation == record.incarnation else await self._misplaced(job)
        return misplaced or await self._without_body(job)

    async def _misplaced(self, job: Job) -> Report | None:
        """Of another life of the service: one not heard of here yet, or an earlier one, which a person may have run
        again.
        """
        if await self._managers.lives(job.service, job.incarnation):
            return Report(outcome=Outcome.RETURNED, reason="waits for a manager that knows the service made anew")
        return None if job.revived else Report(outcome=Outcome.CANCELLED, reason="its service was deleted")

    async def _without_body(self, job: Job) -> Report | None:
        """Its body was taken in by another manager and is not to be had now."""
        if not job.event.payload_file:
            return None
        try:
            await self._bodies.fetch(job.event.payload_file)
        except (Unavailable, NotFound, ObjectGone) as fault:
            return Report(outcome=Outcome.PLATFORM_FAULT, reason=f"its body could not be fetched: {fault}")
        return None
