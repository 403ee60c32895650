"""Sight: which of a service's jobs a caller sees, also when the service itself is gone.

Job records outlive services. The administrator reads those of services that were deleted and of earlier services of the
same name; anybody else sees the jobs of the present service, as far as he may see the service.
"""

from dataclasses import dataclass

from statuette.core.access import check_change, may_see
from statuette.core.catalog import Catalog
from statuette.events.jobs import Job, JobState
from statuette.events.principals import Principal, PrincipalKind
from statuette.ports.errors import Forbidden, NotFound
from statuette.ports.jobs import JobLedger, JobQuery
from statuette.ports.services import ServiceRecord


@dataclass(frozen=True, slots=True)
class View:
    """The jobs of one service as one caller sees them.

    `record` is None when the service was deleted; `incarnation` is the one life of it that is seen ("": every one).
    """

    service: str
    record: ServiceRecord | None
    incarnation: str

    def query(self, states: frozenset[JobState] = frozenset(), *, object: str = "") -> JobQuery:  # noqa: A002
        """What to ask the ledger for: all that is seen, or less."""
        return JobQuery(service=self.service, states=states, object=object, incarnation=self.incarnation)


class Sight:
    """Opens views. Every method raises `NotFound` and `Forbidden`."""

    def __init__(self, *, ledger: JobLedger, catalog: Catalog) -> None:
        self._ledger = ledger
        self._catalog = catalog

    async def read(self, caller: Principal, service: str) -> View:
        """The view for reading."""
        record = self._catalog.find(service)
        if record is None:
            return await self._gone(caller, service)
        if not may_see(caller, record):
            raise Forbidden(f"the jobs of {service} are not yours to see")
        return View(service, record, "" if _is_admin(caller) else record.incarnation)

    async def change(self, caller: Principal, service: str) -> View:
        """The view for changing jobs: who may change the service may do so."""
        view = await self.read(caller, service)
        if view.record is not None:
            check_change(caller, view.record)
        return view

    async def job(self, view: View, job: str) -> Job:
        """One job of a view."""
        found = await self._ledger.get(job)
        if found is None or found.service != view.service or view.incarnation not in ("", found.incarnation):
            raise NotFound(f"{view.service} has no job {job!r}")
        return found

    async def _gone(self, caller: Principal, service: str) -> View:
        """A service that is not there any more, as long as there are jobs of it."""
        if not _is_admin(caller) or not (await self._ledger.page(JobQuery(service=service), limit=1)).jobs:
            raise NotFound(f"there is no service {service!r}")
        return View(service, None, "")


def _is_admin(caller: Principal) -> bool:
    return caller.kind is PrincipalKind.ADMIN
