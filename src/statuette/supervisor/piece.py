"""What running and resuming have in common: a lease, a sealed folder, a commit to be published, a last word."""

import asyncio
import logging
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from statuette.events.jobs import Outcome, Stage
from statuette.events.leases import Manifest, Report
from statuette.ports.clock import Clock
from statuette.ports.errors import BadInput, Fault, LeaseLost, UnsafeOutput
from statuette.ports.logs import Logs
from statuette.ports.objects import Objects
from statuette.ports.work import Assignment, CommitPage, Work
from statuette.supervisor.folders import remove_known, remove_tree
from statuette.supervisor.limits import Limits
from statuette.supervisor.patience import insist
from statuette.supervisor.prefetch import Staging
from statuette.supervisor.publish import Publication, SealedLost
from statuette.supervisor.renewals import Watch

logger = logging.getLogger(__name__)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}", re.ASCII)
_KNOWN = 64
"""Manifests up to this length are removed name by name, without reading folders."""


class Withdrawn(Fault):
    """The platform took the work back before its outputs were committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What every piece of work is done with. `sealed_root` is a folder of mode 0700 on the workspaces' file system, as
    is the one of `staging`.
    """

    work: Work
    objects: Objects
    logs: Logs
    clock: Clock
    sealed_root: Path
    staging: Staging
    limits: Limits


class Piece:
    """One piece of work under way. `report` is set once it is known how it ended; `sound` is False when our own code
    failed, so that the runner is not trusted.
    """

    def __init__(self, assignment: Assignment, *, tools: Tools, watch: Watch) -> None:
        self.assignment = assignment
        self.watch = watch
        self.report: Report | None = None
        self.sound = True
        self.stages: dict[Stage, float] = {}
        self._tools = tools
        self._folder: Path | None = None
        self._manifest: Manifest | None = None
        self._begun = False
        self._committed = False

    async def carry_out(self) -> Report:
        """Do it, to the end or to the first fault. Raises `LeaseLost`, and `Unavailable` when the platform itself is
        away.
        """
        try:
            self.report = await self._carry_out()
        except SealedLost as error:
            self.report = self._word(Outcome.PLATFORM_FAULT, reason=str(error))
        return self.report

    async def _carry_out(self) -> Report:
        raise NotImplementedError

    def interrupted(self, reason: str) -> Report:
        """The last word of a piece that cannot be gone on with here: what is committed is published by another, the
        rest is run again.
        """
        if self.report is not None:
            return self.report
        return self._word(Outcome.UNPUBLISHED if self._committed else Outcome.RETURNED, reason=reason)

    def broken(self) -> Report:
        """The last word when the platform's own code failed."""
        self.sound = False
        outcome = Outcome.UNPUBLISHED if self._committed else Outcome.PLATFORM_FAULT
        return self._word(outcome, reason="a fault inside the platform; its log tells more")

    @property
    def handed_over(self) -> str:
        """For a call: the folder that its answer is made from, "" for none."""
        return str(self._folder) if self.assignment.call and self._folder is not None and self._folder.exists() else ""

    async def clean(self, *, heard: bool) -> None:
        """Remove the sealed folder unless someone still needs it. `heard`: the platform took the last word."""
        if self._folder is None or (heard and self.assignment.call):
            return
        done = heard and self.report is not None and self.report.outcome is not Outcome.UNPUBLISHED
        if self._begun and not self.assignment.call and not done:
            return
        try:
            await self._remove(self._folder)
        except OSError:
            logger.exception(
                "a sealed folder stays", extra={"action": "clean_failed", "job": self.assignment.lease.job}
            )

    async def _remove(self, folder: Path) -> None:
        entries = self._manifest.entries if self._manifest else ()
        names = [entry.name for entry in entries]
        flat = len(names) <= _KNOWN and not any("/" in name for name in names)
        if not (flat and remove_known(folder, names)):
            await asyncio.to_thread(remove_tree, folder)

    def _place(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise BadInput("this id cannot be a folder's name")
        return self._tools.sealed_root / name

    def _word(self, outcome: Outcome, *, reason: str = "") -> Report:
        return Report(outcome=outcome, reason=reason, stages=self.stages)

    async def _first_page(self, manifest: Manifest) -> CommitPage:
        """Commit. From the asking on, the sealed folder may be the one that counts, even if no answer comes."""
        begun, self._begun = self._begun, True
        try:
            page = await self._commit(manifest)
        except (LeaseLost, UnsafeOutput):
            self._begun = begun
            raise
        self._committed = True
        return page

    async def _commit(self, manifest: Manifest, *, page: int = 0) -> CommitPage:
        say = partial(self._tools.work.commit, self.assignment.lease, manifest, page=page)
        return await insist(say, clock=self._tools.clock, patience=self._tools.limits.patience)

    async def _publish(self, manifest: Manifest, page: CommitPage, *, place: Path, resumed: bool) -> str:
        """Store everything; returns "" or why it could not be done now. Raises `LeaseLost`, `SealedLost`,
        `Unavailable`.
        """
        publication = Publication(
            self._tools.objects, place=place, manifest=manifest, resumed=resumed, lost=lambda: self.watch.lost
        )
        while True:
            try:
                await publication.page(page, parallel=self._tools.limits.uploads)
            except (LeaseLost, SealedLost):
                raise
            except Fault as error:
                return f"the results could not be stored: {error}"
            if page.next is None:
                return ""
            page = await self._commit(manifest, page=page.next)
