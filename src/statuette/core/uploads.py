"""Unfinished uploads: whose sealed folders this manager goes on with.

A sealed folder lies with the manager that ran the script, so its upload waits for that one. Only when it is gone does
another take the upload up, finds no folder, and the script runs again as the next generation.
"""

from collections.abc import Awaitable, Callable

from statuette.events.homes import home_of
from statuette.events.jobs import JobState
from statuette.ports.jobs import JobLedger, JobQuery

PAGE = 100
"""Uploads of one service that are looked at for managers that are gone; what is more is looked at later."""


class Uploads:
    """Uploads by home. `gone` tells whether a manager does not live any more."""

    def __init__(self, *, jobs: JobLedger, home: str, gone: Callable[[str], Awaitable[bool]]) -> None:
        self._jobs = jobs
        self._home = home
        self._gone = gone

    async def homes(self) -> list[str]:
        """The managers of whom uploads wait that may be taken up here. Raises `LedgerUnavailable`."""
        services = [name for name, backlog in (await self._jobs.backlog()).items() if backlog.unpublished]
        if not services or not self._home:
            return [""] if services else []
        found = {home for name in services for home in await self._homes_of(name)}
        return [home for home in sorted(found) if home == self._home or await self._gone(home)]

    async def _homes_of(self, service: str) -> set[str]:
        query = JobQuery(service=service, states=frozenset({JobState.UNPUBLISHED}))
        page = await self._jobs.page(query, limit=PAGE)
        return {home_of(job.runner) for job in page.jobs}
