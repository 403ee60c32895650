"""Work in memory: assignments are given out in order, what supervisors say is kept for the test to read."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence

from statuette.events.leases import Commit, Lease, Manifest, Report
from statuette.events.objects import ObjectRef
from statuette.ports.errors import LeaseLost
from statuette.ports.work import Assignment, CommitPage, OutputRule, Upload, Work


class MemoryWork(Work):
    """Gives out `assignments` and, when there are none left, waits unless `finished` was called.

    `leased`, `commits`, `reports`, `renewed` keep what was said; `handed` the folders that calls' reports came with.
    `page_size` is how many uploads a page of a commit holds. A lease in `lost` is refused everywhere, one in
    `cancelling` is told at its renewal and stays good. The commit's mark is `<job>.<generation>`.
    """

    def __init__(self, *, rules: Sequence[OutputRule] = (), page_size: int = 500) -> None:
        self.leased: list[tuple[str, Lease]] = []
        self.commits: dict[str, Commit] = {}
        self.reports: list[tuple[Lease, Report]] = []
        self.renewed: list[tuple[Lease, ...]] = []
        self.started: dict[str, float] = {}
        self.handed: dict[str, str] = {}
        self.lost: set[Lease] = set()
        self.cancelling: set[Lease] = set()
        self._rules = rules
        self._page_size = page_size
        self._assignments: list[Assignment] = []
        self._finished = False
        self._more = asyncio.Event()
        self._withdrawn: defaultdict[str, asyncio.Queue[Lease]] = defaultdict(asyncio.Queue)

    def add(self, *assignments: Assignment) -> None:
        """Work to be given out."""
        self._assignments.extend(assignments)
        self._more.set()

    def finished(self) -> None:
        """No more will come: who leases now gets an empty answer."""
        self._finished = True
        self._more.set()

    def withdraw(self, lease: Lease) -> None:
        """Cancel what runs under this lease."""
        self._withdrawn[lease.runner].put_nowait(lease)

    async def lease(self, runner: str, *, limit: int = 1) -> Sequence[Assignment]:
        while not self._assignments and not self._finished:
            self._more.clear()
            await self._more.wait()
        given, self._assignments = self._assignments[:limit], self._assignments[limit:]
        self.leased.extend((runner, assignment.lease) for assignment in given)
        return given

    async def renew(self, leases: Sequence[Lease], *, started: Mapping[str, float]) -> Sequence[Lease]:
        self.renewed.append(tuple(leases))
        self.started.update(started)
        return [lease for lease in leases if lease in self.lost | self.cancelling]

    async def commit(self, lease: Lease, manifest: Manifest, *, page: int = 0) -> CommitPage:
        self._check(lease)
        commit = self._commit(lease, manifest)
        uploads = [upload for entry in manifest.entries for upload in self._uploads(commit, entry.name)]
        begin, end = page * self._page_size, (page + 1) * self._page_size
        removals = [target for name in commit.stale for target in self._targets(name)] if page == 0 else []
        following = page + 1 if end < len(uploads) else None
        return CommitPage(commit=commit, uploads=tuple(uploads[begin:end]), removals=tuple(removals), next=following)

    async def report(self, lease: Lease, report: Report, *, sealed: str = "") -> None:
        self._check(lease)
        self.reports.append((lease, report))
        if sealed:
            self.handed[lease.job] = sealed

    async def cancelled(self, runner: str) -> Sequence[Lease]:
        return [await self._withdrawn[runner].get()]

    def _check(self, lease: Lease) -> None:
        if lease in self.lost:
            raise LeaseLost

    def _commit(self, lease: Lease, manifest: Manifest) -> Commit:
        """The same commit for the same manifest; another manifest is the next generation, which makes some names
        stale.
        """
        last = self.commits.get(lease.job)
        if last is not None and last.manifest == manifest:
            return last
        before = {entry.name for entry in last.manifest.entries} if last else set()
        stale = before - {entry.name for entry in manifest.entries}
        generation = last.generation + 1 if last else 1
        commit = Commit(
            id=f"{lease.job}.{generation}",
            job=lease.job,
            generation=generation,
            manifest=manifest,
            stale=tuple(sorted(stale)),
        )
        self.commits[lease.job] = commit
        return commit

    def _uploads(self, commit: Commit, name: str) -> list[Upload]:
        metadata = {"statuette-commit": commit.id}
        return [Upload(name=name, target=target, metadata=metadata) for target in self._targets(name)]

    def _targets(self, name: str) -> list[ObjectRef]:
        return [
            ObjectRef(provider=rule.target.provider, bucket=rule.target.bucket, key=f"{rule.target.key}/{name}")
            for rule in self._rules
            if (not rule.prefix or name.startswith(rule.prefix)) and (not rule.suffix or name.endswith(rule.suffix))
        ]
