"""Dead letters: jobs that gave up, run again or dropped."""

from collections.abc import Sequence

from statuette.client.errors import NotFound
from statuette.client.http import Http, parsed, segment
from statuette.client.models import Settled
from statuette.client.services import no_service

DEAD = ("failed", "dead")
"""States of a job that gave up."""
AT_ONCE = 1000
"""Jobs that one request names."""
LONG = 3600.0
"""Seconds that a request over all dead letters may take."""


class Letters:
    """The dead letters of one platform's services. `jobs` None means all of them."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def retry(self, service: str, jobs: Sequence[str] | None) -> Settled:
        """Run dead letters again; all means those of the present service. Raises `NotFound`, `Conflict`."""
        return await self._several("POST", f"/system/jobs/{segment(service)}/retry", service=service, jobs=jobs)

    async def drop(self, service: str, jobs: Sequence[str] | None) -> Settled:
        """Forget dead letters with their logs. Raises `NotFound`."""
        return await self._several("DELETE", f"/system/jobs/{segment(service)}", service=service, jobs=jobs)

    async def _several(self, method: str, path: str, *, service: str, jobs: Sequence[str] | None) -> Settled:
        total = Settled()
        for body in _bodies(jobs):
            try:
                part = parsed(Settled, await self._http.ask(method, path, json=body, timeout=LONG))
            except NotFound as error:
                raise no_service(service) from error
            total = Settled(done=total.done + part.done, left=total.left + part.left)
        return total


def _bodies(jobs: Sequence[str] | None) -> list[dict[str, object]]:
    if jobs is None:
        return [{"all": True}]
    return [{"jobs": list(jobs[start : start + AT_ONCE])} for start in range(0, len(jobs), AT_ONCE)]
