"""One attempt, or one call: stage in, run, seal, commit, publish; the first fault decides how it ends."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from statuette.events.jobs import Outcome, Stage
from statuette.events.leases import Manifest, Report
from statuette.events.sealed import SealedFolder
from statuette.ports.backend import Runner, RunOrder, RunResult
from statuette.ports.errors import DiskFull, UnsafeOutput
from statuette.ports.work import Assignment
from statuette.supervisor.folders import remove_tree
from statuette.supervisor.outcomes import ENDING, outcome_of, verdict
from statuette.supervisor.piece import Piece, Tools, Withdrawn
from statuette.supervisor.prefetch import StagedInput, ahead_size
from statuette.supervisor.renewals import Watch
from statuette.supervisor.seal import Findings, look_through, take_outputs
from statuette.supervisor.stage_in import stage_in, write_beside
from statuette.supervisor.turn import Turn
from statuette.supervisor.variables import EVENT_FILE, event_text, run_variables, sayable
from statuette.supervisor.words import CallWords, Words

Fetched = TypeVar("Fetched")

_LARGE = 8 * 1024 * 1024
"""Inputs from this size on are fetched so that a withdrawal can end the download."""
_LOOK_BACK = 8
"""So many earlier attempts' sealed folders are looked for; a crash may have left them."""


class Attempt(Piece):
    """Runs the script when its `turn` has come. `used` tells that the runner was touched and has to be reset.

    `fetching` is how many seconds the input took, `ready` when (`Clock.monotonic`) it lay before the script.
    """

    def __init__(self, assignment: Assignment, *, runner: Runner, tools: Tools, watch: Watch) -> None:
        super().__init__(assignment, tools=tools, watch=watch)
        self.used = False
        self.turn = Turn()
        self.fetching = 0.0
        self.ready: float | None = None
        self._runner = runner
        self._result: RunResult | None = None
        lease = assignment.lease
        self._name = f"call-{assignment.call}" if assignment.call else f"{lease.job}-{lease.attempt}"
        self._sealed = tools.sealed_root / self._name

    async def _carry_out(self) -> Report:
        try:
            return await self._spoken()
        finally:
            self.turn.release()

    async def _spoken(self) -> Report:
        self._sealed = self._place(self._name)
        try:
            words = self._words()
        except DiskFull as error:
            return self._word(Outcome.PLATFORM_FAULT, reason=str(error))
        try:
            report = await self._judged(words)
            if isinstance(words, CallWords):
                report = replace(report, stdout=words.short("stdout"), stderr=words.short("stderr"))
            return report
        finally:
            words.close()

    def _words(self) -> Words:
        assignment, lease = self.assignment, self.assignment.lease
        if assignment.call:
            self._folder = self._sealed
            return CallWords(secrets=assignment.secrets, folder=self._sealed, limit=self._tools.limits.words)
        sink = self._tools.logs.open(assignment.service, lease.job, lease.attempt, secrets=assignment.secrets)
        return Words(sink, secrets=assignment.secrets)

    async def _judged(self, words: Words) -> Report:
        try:
            return await self._steps(words)
        except UnsafeOutput as error:
            words.tell(str(error))
            await asyncio.to_thread(remove_tree, self._place_of_outputs())
            return self._word(Outcome.BAD_OUTPUT, reason=str(error))
        except Withdrawn:
            return self._word(Outcome.CANCELLED, reason="cancelled")
        except ENDING as error:
            return self._word(outcome_of(error), reason=str(error))

    async def _steps(self, words: Words) -> Report:
        await self._forget_earlier()
        with ExitStack() as leaving:
            waiting = await self._looked_ahead()
            if waiting is not None:
                leaving.callback(waiting.drop)
            await self._until_turn(self.turn.comes)
            order = await self._stage_in(words, waiting)
        return await self._ran(order, words)

    async def _ran(self, order: RunOrder, words: Words) -> Report:
        result = await self._run(order, words)
        if isinstance(words, CallWords):
            words.keep()
        verdict_ = verdict(result)
        if self.watch.withdrawn:
            raise Withdrawn
        publish = verdict_ is None or (verdict_[0] is Outcome.SCRIPT_FAILED and self.assignment.publish_on_failure)
        failure = await self._outputs(result, words) if publish else None
        if failure is not None:
            return failure
        if verdict_ is None:
            return self._word(Outcome.PUBLISHED)
        outcome, reason = verdict_
        said = words.last_line()
        return self._word(outcome, reason=f"{reason}: {said}" if said else reason)

    async def _looked_ahead(self) -> StagedInput | None:
        """The input, fetched while another has the runner; None where that is not to be."""
        await self._until_turn(self.turn.may_fetch)
        if self.turn.come or ahead_size(self.assignment) is None:
            return None
        tools, began = self._tools, self._tools.clock.monotonic()
        staged = await self._abortable(
            tools.staging.fetch(
                self._name,
                self.assignment,
                owner=self._runner.workspace.owner,
                objects=tools.objects,
                reserve=tools.limits.reserve,
            )
        )
        self.stages[Stage.FETCHED] = tools.clock.wall()
        self.fetching = tools.clock.monotonic() - began
        return staged

    async def _until_turn(self, gate: Callable[[], Awaitable[None]]) -> None:
        """Wait at a gate. A withdrawal opens it."""

        async def open_up() -> None:
            self.turn.give()

        self.watch.stage_abort(open_up)
        if not self.watch.withdrawn:
            await gate()
        self.watch.over()
        if self.watch.withdrawn:
            raise Withdrawn

    async def _stage_in(self, words: Words, waiting: StagedInput | None) -> RunOrder:
        self.used, began = True, self._tools.clock.monotonic()
        staged = await self._fetched(waiting)
        self.ready = self._tools.clock.monotonic()
        self.fetching += self.ready - began
        event = await self._event()
        if event and not sayable("EVENT", event):
            write_beside(EVENT_FILE, event.encode("utf-8", "surrogatepass"), workspace=self._runner.workspace)
        self.stages.setdefault(Stage.FETCHED, self._tools.clock.wall())
        guest = self._runner.workspace.guest
        variables = run_variables(self.assignment, guest=guest, input_name=staged, event=event)
        for name in self.assignment.variables.keys() - variables.keys() - {"INPUT_FILE_PATH"}:
            words.tell(f"the variable {name} cannot be handed to a shell and is left out")
        return RunOrder(id=secrets.token_hex(16), variables=variables, timeout=self.assignment.timeout)

    async def _event(self) -> str:
        if self.assignment.payload_path:
            return await asyncio.to_thread(event_text, self.assignment)
        return event_text(self.assignment)

    async def _fetched(self, waiting: StagedInput | None) -> str:
        coming = stage_in(
            self.assignment,
            workspace=self._runner.workspace,
            objects=self._tools.objects,
            reserve=self._tools.limits.reserve,
            waiting=waiting,
        )
        ref = self.assignment.event.object
        if waiting is not None or ref is None or (ref.version is not None and ref.version.size < _LARGE):
            return await coming
        return await self._abortable(coming)

    async def _abortable(self, coming: Coroutine[None, None, Fetched]) -> Fetched:
        """A download that ends when the work is withdrawn or put back."""
        task = asyncio.create_task(coming)

        async def abort() -> None:
            task.cancel()

        self.watch.stage_abort(abort)
        self.turn.aborting(task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current and current.cancelling():
                raise
            self.turn.check()
            if self.watch.withdrawn:
                raise Withdrawn from None
            raise
        finally:
            self.watch.over()
            self.turn.aborting(None)

    async def _run(self, order: RunOrder, words: Words) -> RunResult:
        if self.watch.withdrawn:
            raise Withdrawn
        self.watch.running(self._runner.kill, clock=self._tools.clock)
        try:
            result = await self._runner.run(order, words)
        finally:
            self.watch.over()
        self._result = result
        self.stages[Stage.STARTED], self.stages[Stage.ENDED] = result.started, result.ended
        return result

    async def _outputs(self, result: RunResult, words: Words) -> Report | None:
        """Seal, commit and publish; None when all that is done."""
        found = await self._seal(words)
        self.turn.release()
        call = self.assignment.call
        if call and not found.entries:
            return None
        if self.watch.withdrawn:
            raise Withdrawn
        sealed = self._name if found.entries and not call else ""
        manifest = Manifest(entries=tuple(found.entries), sealed=sealed, exit_code=result.exit_code or 0)
        self._manifest = manifest
        page = await self._first_page(manifest)
        why = await self._publish(manifest, page, place=self._place_of_outputs(), resumed=False)
        return self._word(Outcome.UNPUBLISHED, reason=why) if why else None

    async def _seal(self, words: Words) -> Findings:
        workspace = self._runner.workspace
        found = Findings()
        self._folder = self._sealed
        place = self._place_of_outputs()
        if take_outputs(workspace, place):
            found = await look_through(
                place, owner=workspace.owner, limits=self._tools.limits, hashed=not self.assignment.call
            )
        for line in found.left_out:
            words.tell(line)
        if found.left_out_count > len(found.left_out):
            words.tell(f"{found.left_out_count - len(found.left_out)} more outputs are no regular files: not published")
        self.stages[Stage.SEALED] = self._tools.clock.wall()
        return found

    def _place_of_outputs(self) -> Path:
        """A job's sealed folder is the output folder itself; a call's holds it beside what the script said."""
        return SealedFolder(self._sealed).out if self.assignment.call else self._sealed

    async def _forget_earlier(self) -> None:
        """Whatever earlier attempts sealed does not count any more, now that the script is run again."""
        lease = self.assignment.lease
        for number in range(max(1, lease.attempt - _LOOK_BACK), lease.attempt):
            folder = self._place(f"{lease.job}-{number}")
            if not self.assignment.call and folder.exists():
                await asyncio.to_thread(remove_tree, folder)

    def _word(self, outcome: Outcome, *, reason: str = "") -> Report:
        word = super()._word(outcome, reason=reason)
        if self._result is None:
            return word
        return replace(word, exit_code=self._result.exit_code, usage=self._result.usage)
