"""Which sealed folders still count."""

from statuette.events.jobs import FINAL
from statuette.ports.jobs import JobLedger


class SealedNeeds:
    """Asks the ledger. A job's sealed folder is called `<job>-<attempt>`."""

    def __init__(self, jobs: JobLedger) -> None:
        self._jobs = jobs

    async def needed(self, name: str) -> bool:
        """Whether the commit that counts of a job that has not ended lies in the folder of this name. Raises
        `LedgerUnavailable`.
        """
        job = await self._jobs.get(name.rpartition("-")[0])
        if job is None or job.state in FINAL:
            return False
        _, commit = await self._jobs.history(job.id)
        return commit is not None and commit.manifest.sealed == name
