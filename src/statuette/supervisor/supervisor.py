"""The loop: lease, carry out, say the last word, reset the runner, and again until there is no more work."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from statuette.events.jobs import Outcome
from statuette.events.leases import Report
from statuette.ports.backend import Runner
from statuette.ports.clock import Clock
from statuette.ports.errors import Fault, LeaseLost, Unavailable
from statuette.ports.logs import Logs
from statuette.ports.objects import Objects
from statuette.ports.supervision import Supervision
from statuette.ports.work import Assignment, Work
from statuette.supervisor.attempt import Attempt
from statuette.supervisor.limits import Limits
from statuette.supervisor.line import Line
from statuette.supervisor.patience import insist
from statuette.supervisor.piece import Piece, Tools
from statuette.supervisor.prefetch import Staging
from statuette.supervisor.renewals import Renewals
from statuette.supervisor.resumption import Resumption

logger = logging.getLogger(__name__)

PUBLISHER = "publisher"
"""The runner's name under which unfinished uploads are leased."""
_GRACE = 5.0
"""Seconds that a last word may take when the manager ends."""


class Supervisor(Supervision):
    """Serves runners. One supervisor may serve many; their leases are renewed together.

    `sealed_root` is made with mode 0700 when it is missing; it has to lie on the file system of the workspaces.
    `staged` (beside it unless given) is made too, and emptied of what an earlier supervisor left: no other may use it.
    `ttl` is the leases' life in seconds: they are renewed every third of it. Once `stopping` is set, nothing new is
    leased.
    """

    def __init__(
        self,
        *,
        work: Work,
        objects: Objects,
        logs: Logs,
        clock: Clock,
        sealed_root: Path,
        staged: Path | None = None,
        limits: Limits | None = None,
        ttl: float = 30.0,
    ) -> None:
        sealed_root.mkdir(mode=0o700, parents=True, exist_ok=True)
        sealed_root.chmod(0o700)
        self.stopping = asyncio.Event()
        self._tools = Tools(
            work=work,
            objects=objects,
            logs=logs,
            clock=clock,
            sealed_root=sealed_root,
            staging=Staging(staged or sealed_root.with_name("staged")),
            limits=limits or Limits(),
        )
        self._renewals = Renewals(work, clock, ttl=ttl)
        self._lines: set[Line] = set()

    async def serve(self, runner: Runner) -> bool:
        """Do work with this runner; see `Supervision.serve`. Cancelled, it kills the run, hands the work back and
        returns False.
        """
        self._renewals.enter()
        heeding = asyncio.create_task(self._heed(runner.id), name=f"heed {runner.id}")
        try:
            return await self._serve(runner)
        except asyncio.CancelledError:
            logger.info("served no longer", extra={"action": "serve_cancelled", "runner": runner.id})
            return False
        finally:
            heeding.cancel()
            await asyncio.gather(heeding, return_exceptions=True)
            await self._renewals.leave()

    async def publish_leftovers(self) -> None:
        """Go on with uploads that were committed and not finished, as long as there may be some."""
        self._renewals.enter()
        try:
            while assignments := await self._lease(PUBLISHER, limit=self._tools.limits.uploads):
                await asyncio.gather(*(self._resume(assignment) for assignment in assignments))
        finally:
            await self._renewals.leave()

    def stop(self) -> None:
        """Lease nothing more and hand back at once what waits for a runner; what runs may end."""
        self.stopping.set()
        for line in self._lines:
            line.put_back("the platform ends")

    async def _serve(self, runner: Runner) -> bool:
        line = Line(runner, finish=self._finish, clock=self._tools.clock, limits=self._tools.limits)
        self._lines.add(line)
        try:
            sound = await self._work_off(line, runner)
            return await line.end() and sound
        finally:
            await line.cancel()
            self._lines.discard(line)

    async def _work_off(self, line: Line, runner: Runner) -> bool:
        """Work until there is none; True when the runner can be used again."""
        while assignments := await self._lease(runner.id, limit=line.pace.jobs):
            for assignment in assignments:
                if assignment.resume is None:
                    line.add(self._attempt(assignment, runner))
                else:
                    await self._resume(assignment)
            if self.stopping.is_set():
                line.put_back("the platform ends")
            if not await line.work_off():
                return False
            await line.room()
        return True

    def _attempt(self, assignment: Assignment, runner: Runner) -> Attempt:
        watch = self._renewals.begin(assignment.lease, call=bool(assignment.call))
        return Attempt(assignment, runner=runner, tools=self._tools, watch=watch)

    async def _lease(self, runner: str, *, limit: int) -> Sequence[Assignment]:
        delay = 0.1
        while not self.stopping.is_set():
            try:
                return await self._tools.work.lease(runner, limit=limit)
            except Unavailable as error:
                logger.warning("no lease: %s", error, extra={"action": "lease_failed", "runner": runner})
            await self._tools.clock.sleep(delay)
            delay = min(delay * 2, _GRACE)
        return ()

    async def _resume(self, assignment: Assignment) -> None:
        watch = self._renewals.begin(assignment.lease, call=False)
        await self._finish(Resumption(assignment, tools=self._tools, watch=watch))

    async def _finish(self, piece: Piece) -> None:
        """Carry a piece out and say its last word."""
        heard = False
        try:
            try:
                report = await piece.carry_out()
            except (LeaseLost, Unavailable):
                raise
            except Exception:
                logger.exception("an attempt broke", extra=_ids(piece, action="attempt_broke"))
                report = piece.broken()
            patience = _GRACE if report.outcome is Outcome.RETURNED else self._tools.limits.patience
            await self._say(piece, report, patience=patience)
            heard = True
        except asyncio.CancelledError:
            heard = await asyncio.shield(asyncio.ensure_future(self._hand_back(piece)))
            raise
        except (LeaseLost, Unavailable) as error:
            logger.warning("the last word was not taken: %s", error, extra=_ids(piece, action="report_refused"))
        finally:
            self._renewals.end(piece.watch)
            await piece.clean(heard=heard)

    async def _hand_back(self, piece: Piece) -> bool:
        try:
            await self._say(piece, piece.interrupted("the platform ended"), patience=_GRACE)
        except Fault as error:
            logger.warning("could not be handed back: %s", error, extra=_ids(piece, action="return_refused"))
            return False
        return True

    async def _say(self, piece: Piece, report: Report, *, patience: float) -> None:
        piece.report = report
        lease = piece.assignment.lease
        say = partial(self._tools.work.report, lease, report, sealed=piece.handed_over)
        await insist(say, clock=self._tools.clock, patience=patience)
        level = logging.DEBUG if report.outcome is Outcome.PUBLISHED else logging.INFO
        if logger.isEnabledFor(level):
            logger.log(level, "attempt %s", report.outcome.value, extra=_ids(piece, action="attempt_ended"))

    async def _heed(self, runner: str) -> None:
        """Wait for withdrawals of this runner's work and end what is withdrawn."""
        while True:
            try:
                for lease in await self._tools.work.cancelled(runner):
                    watch = self._renewals.find(lease)
                    if watch is not None:
                        await watch.withdraw()
            except Unavailable:
                await self._tools.clock.sleep(1.0)
            except Exception:
                logger.exception("withdrawals are not heard", extra={"action": "heed_failed", "runner": runner})
                await self._tools.clock.sleep(1.0)


def _ids(piece: Piece, *, action: str) -> dict[str, object]:
    lease = piece.assignment.lease
    return {"action": action, "job": lease.job, "attempt": lease.attempt, "service": piece.assignment.service}
