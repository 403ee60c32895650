"""Work for supervisors in processes of their own: what the port `Work` needs when its other side is far and may lie.

Each of them is one runner's (`admission`) and can do nothing for another's leases. It gets addresses of single objects
that end with the lease instead of a key; its answers are checked here, its last words are heard once.
"""

import asyncio
import logging
import re
import uuid
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from statuette.core.admission import Admission
from statuette.core.calls import discard
from statuette.core.standing import Standing
from statuette.core.unpacking import Most, unpack
from statuette.events.jobs import Outcome
from statuette.events.leases import Lease, Manifest, Report
from statuette.ports.clock import Clock
from statuette.ports.errors import BadInput, Fault, Forbidden, LeaseLost, NotFound
from statuette.ports.logs import Logs, LogSink
from statuette.ports.presigning import Address, Presign
from statuette.ports.wire import (
    WAIT,
    CancelledAnswer,
    CancelledAsk,
    CommitAnswer,
    CommitAsk,
    LeaseAnswer,
    LeaseAsk,
    Offer,
    RenewAnswer,
    RenewAsk,
    ReportAsk,
    WordsAsk,
)
from statuette.ports.work import Assignment, CommitPage, Work

log = logging.getLogger(__name__)

_REMEMBERED = 1000
"""Last words of one runner that are recognised when they are said again."""
_GRACE = 5.0
"""Seconds in which a runner that is gone may still be given its last work, to be taken back."""
_NAME_BYTES = 8192
_HEX = re.compile(r"[0-9a-f]{64}|", re.ASCII)
_STREAMS = ("stdout", "stderr")


@dataclass(slots=True, kw_only=True)
class _Held:
    """One piece of work that a supervisor far away has. `until` is the lease's end by `Clock.monotonic`."""

    assignment: Assignment
    until: float
    sink: LogSink | None = None
    pieces: int = 0
    committed: bool = False
    sealed: str = ""
    saying: asyncio.Task[None] | None = None

    def close(self) -> None:
        if self.sink is not None:
            self.sink.close()


@dataclass(slots=True, kw_only=True)
class _Post:
    """One runner's supervisor as we know it."""

    leasing: Standing[tuple[Lease, ...]] = field(default_factory=Standing)
    heeding: Standing[tuple[Lease, ...]] = field(default_factory=Standing)
    held: dict[Lease, _Held] = field(default_factory=dict)
    said: OrderedDict[Lease, None] = field(default_factory=OrderedDict)


class Remote:
    """The manager's side of supervisors that speak HTTP. `answers` is a folder for calls' answers, ours alone; `ttl` is
    the leases' life in seconds.
    """

    def __init__(
        self, *, work: Work, presign: Presign, logs: Logs, clock: Clock, answers: Path, ttl: float, wait: float = WAIT
    ) -> None:
        self.admission = Admission()
        self._work = work
        self._presign = presign
        self._logs = logs
        self._clock = clock
        self._answers = answers
        self._ttl = ttl
        self._wait = wait
        self._posts: dict[str, _Post] = {}

    def admit(self, runner: str) -> str:
        """The credential of a runner's supervisor, made as the runner starts."""
        self._posts[runner] = _Post()
        return self.admission.admit(runner)

    async def dismiss(self, runner: str) -> None:
        """The runner and its supervisor are gone: whatever they still held is taken back."""
        self.admission.forget(runner)
        post = self._posts.pop(runner, None)
        if post is None:
            return
        await post.heeding.end()
        await post.leasing.end(patience=_GRACE)
        for lease, held in list(post.held.items()):
            held.close()
            if held.saying is not None:
                await asyncio.wait({held.saying})
            if lease in post.held:
                discard(held.sealed)
                await self._take_back(lease, held)

    async def lease(self, runner: str, ask: LeaseAsk) -> LeaseAnswer:
        """Work for this runner, or word that there is none yet."""
        post = self._post(runner)
        leases = await post.leasing.answer(
            ask.turn, ask=lambda: self._handed_out(runner, post, limit=ask.limit), wait=self._wait
        )
        if leases is None:
            return LeaseAnswer(later=True)
        return LeaseAnswer(offers=tuple(self._offer(post.held[lease]) for lease in leases if lease in post.held))

    async def cancelled(self, runner: str, ask: CancelledAsk) -> CancelledAnswer:
        """What of this runner's work is withdrawn, or word that nothing is yet."""

        async def heed() -> tuple[Lease, ...]:
            return tuple(await self._work.cancelled(runner))

        leases = await self._post(runner).heeding.answer(ask.turn, ask=heed, wait=self._wait)
        return CancelledAnswer(later=True) if leases is None else CancelledAnswer(leases=leases)

    async def renew(self, runner: str, ask: RenewAsk) -> RenewAnswer:
        """Prolong. A lease that nobody holds is lost."""
        post = self._post(runner)
        for lease in ask.leases:
            _check_runner(runner, lease)
        known = [lease for lease in ask.leases if lease in post.held]
        lost = {*ask.leases} - {*known} | {*await self._prolong(post, known, started=ask.started)}
        inputs = {
            lease.job: address
            for lease in known
            if lease.job in ask.inputs and lease not in lost
            if (address := self._input(post.held[lease])) is not None
        }
        return RenewAnswer(lost=tuple(lease for lease in ask.leases if lease in lost), inputs=inputs)

    async def commit(self, runner: str, ask: CommitAsk) -> CommitAnswer:
        """Commit what passes the checks; the page comes with addresses."""
        held = self._held(runner, ask.lease)
        check_manifest(ask.manifest, ask.lease, call=bool(held.assignment.call))
        page = await self._work.commit(ask.lease, ask.manifest, page=ask.page)
        held.committed = True
        if held.until - self._clock.monotonic() < self._ttl / 2:
            await self._prolong(self._post(runner), [ask.lease], started={})
        return self._addressed(held, page, ask.manifest)

    async def report(self, runner: str, ask: ReportAsk) -> None:
        """The last word. Said again, because its answer was lost, it counts as said."""
        post = self._post(runner)
        if ask.lease in post.said:
            return
        held = self._held(runner, ask.lease)
        if held.saying is None:
            sealed = held.sealed if ask.answered else ""
            held.saying = asyncio.create_task(self._say(post, ask.lease, report=ask.report, sealed=sealed))
        await asyncio.shield(held.saying)

    async def words(self, runner: str, ask: WordsAsk) -> None:
        """A piece of a job's log."""
        held = self._held(runner, ask.lease)
        if held.sink is None:
            raise BadInput("lease: this work keeps no log")
        if ask.number > held.pieces:
            raise BadInput(f"number: piece {held.pieces} comes before {ask.number}")
        if any(stream not in _STREAMS for stream, _ in ask.words):
            raise BadInput("words: a stream is stdout or stderr")
        if ask.number == held.pieces:
            held.pieces += 1
            for stream, data in ask.words:
                held.sink.write(stream, data)

    def body(self, runner: str, lease: Lease) -> Path:
        """The file that holds a piece of work's payload. Raises `NotFound` when none does."""
        path = self._held(runner, lease).assignment.payload_path
        if not path:
            raise NotFound
        return Path(path)

    async def answer(self, runner: str, lease: Lease, chunks: AsyncIterator[bytes]) -> None:
        """The files of a call's answer; sent again, they take the place of those before."""
        held = self._held(runner, lease)
        if not held.assignment.call:
            raise BadInput("job: only calls are answered with files")
        folder = self._answers / f"call-{uuid.uuid4()}"
        with ExitStack() as unless_whole:
            unless_whole.callback(discard, str(folder))
            await unpack(chunks, folder, most=Most())
            unless_whole.pop_all()
        old, held.sealed = held.sealed, str(folder)
        discard(old)

    def _post(self, runner: str) -> _Post:
        post = self._posts.get(runner)
        if post is None:
            raise Forbidden("this runner is gone")
        return post

    def _held(self, runner: str, lease: Lease) -> _Held:
        _check_runner(runner, lease)
        held = self._post(runner).held.get(lease)
        if held is None:
            raise LeaseLost
        return held

    async def _handed_out(self, runner: str, post: _Post, *, limit: int) -> tuple[Lease, ...]:
        assignments = await self._work.lease(runner, limit=limit)
        until = self._clock.monotonic() + self._ttl
        for assignment in assignments:
            post.held[assignment.lease] = _Held(assignment=assignment, until=until, sink=self._sink(assignment))
        return tuple(assignment.lease for assignment in assignments)

    def _sink(self, assignment: Assignment) -> LogSink | None:
        if assignment.call or assignment.resume is not None:
            return None
        lease = assignment.lease
        return self._logs.open(assignment.service, lease.job, lease.attempt, secrets=assignment.secrets)

    def _offer(self, held: _Held) -> Offer:
        """What may leave: no path of ours, and a payload only once."""
        given = held.assignment
        event = replace(given.event, payload=given.event.payload or given.payload, payload_file="")
        sent = replace(given, event=event, payload=b"", payload_path="")
        return Offer(assignment=sent, input=self._input(held), body=bool(given.payload_path))

    def _input(self, held: _Held) -> Address | None:
        ref = held.assignment.event.object
        if ref is None or not held.assignment.stage_in or held.assignment.resume is not None:
            return None
        return self._presign.get(ref, life=self._life(held))

    def _life(self, held: _Held) -> float:
        if held.assignment.call:  # a call has no lease that could run out
            return self._ttl
        return max(1.0, held.until - self._clock.monotonic())

    async def _prolong(self, post: _Post, leases: Sequence[Lease], *, started: dict[str, float]) -> Sequence[Lease]:
        until = self._clock.monotonic() + self._ttl
        lost = await self._work.renew(leases, started=started) if leases else ()
        for lease in leases:
            held = post.held.get(lease)
            if held is not None and lease in lost:
                post.held.pop(lease).close()
            elif held is not None:
                held.until = until
        return lost

    def _addressed(self, held: _Held, page: CommitPage, manifest: Manifest) -> CommitAnswer:
        sizes = {entry.name: entry.size for entry in manifest.entries}
        life, sign = self._life(held), self._presign
        resumed = held.assignment.resume is not None
        return CommitAnswer(
            page=replace(page, commit=replace(page.commit, manifest=Manifest(entries=()))),
            puts=tuple(
                sign.put(one.target, size=sizes[one.name], metadata=one.metadata, life=life) for one in page.uploads
            ),
            heads=tuple(sign.head(one.target, life=life) for one in page.uploads) if resumed else (),
            deletes=tuple(sign.delete(ref, life=life) for ref in page.removals),
        )

    async def _say(self, post: _Post, lease: Lease, *, report: Report, sealed: str) -> None:
        held = post.held[lease]
        try:
            held.close()
            await self._work.report(lease, report, sealed=sealed)
        except LeaseLost:
            post.held.pop(lease, None)
            discard(held.sealed)
            raise
        except Fault:
            held.saying = None
            raise
        post.held.pop(lease, None)
        if not sealed:
            discard(held.sealed)
        post.said[lease] = None
        while len(post.said) > _REMEMBERED:
            post.said.popitem(last=False)

    async def _take_back(self, lease: Lease, held: _Held) -> None:
        outcome = Outcome.UNPUBLISHED if held.committed and not held.assignment.call else Outcome.PLATFORM_FAULT
        try:
            await self._work.report(lease, Report(outcome=outcome, reason="its supervisor ended without a word"))
        except Fault as fault:
            log.warning("work was not taken back: %s", fault, extra={"action": "dismiss", "job": lease.job})


def check_manifest(manifest: Manifest, lease: Lease, *, call: bool) -> None:
    """Raises `BadInput` for a manifest that the supervisor of this lease cannot have made."""
    problems = []
    if len(manifest.entries) > Most().files:
        problems.append(f"manifest.entries: at most {Most().files}, these are {len(manifest.entries)}")
    if manifest.sealed not in ("", "" if call else f"{lease.job}-{lease.attempt}"):
        problems.append("manifest.sealed: the folder of this attempt, or empty")
    names = [entry.name for entry in manifest.entries]
    if len(set(names)) != len(names):
        problems.append("manifest.entries: two have the same name")
    for number, entry in enumerate(manifest.entries):
        if not _is_name(entry.name):
            problems.append(f"manifest.entries.{number}.name: a relative path without '', '.', '..' and NUL")
        if entry.size < 0:
            problems.append(f"manifest.entries.{number}.size: 0 or more")
        if not _HEX.fullmatch(entry.sha256):
            problems.append(f"manifest.entries.{number}.sha256: 64 hexadecimal digits")
    if problems:
        raise BadInput("the manifest is not valid", problems=problems[:20])


def _is_name(name: str) -> bool:
    parts = name.split("/")
    return len(name) <= _NAME_BYTES and "\0" not in name and not {"", ".", ".."} & {*parts}


def _check_runner(runner: str, lease: Lease) -> None:
    if lease.runner != runner:
        raise Forbidden("lease: it is another runner's")
