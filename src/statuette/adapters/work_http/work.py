"""The port `Work` over HTTP, for one runner."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from errno import EDQUOT, ENOSPC
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from statuette.adapters.work_http.addresses import AddressBook
from statuette.adapters.work_http.door import Door
from statuette.adapters.work_http.logs import HttpLogs
from statuette.adapters.work_http.packing import packed, removed
from statuette.events.leases import Lease, Manifest, Report
from statuette.ports.clock import Clock
from statuette.ports.errors import DiskFull
from statuette.ports.wire import (
    CancelledAnswer,
    CancelledAsk,
    CommitAnswer,
    CommitAsk,
    Done,
    LeaseAnswer,
    LeaseAsk,
    Offer,
    RenewAnswer,
    RenewAsk,
    ReportAsk,
)
from statuette.ports.work import Assignment, CommitPage, Work

_RENEWED = 15.0
"""Seconds between two renewals while a body is being fetched, before anybody else renews its lease."""


class HttpWork(Work):
    """`spool` is a folder on the disk where payloads are kept, in files without a name: nothing of them outlives us."""

    def __init__(self, door: Door, *, book: AddressBook, logs: HttpLogs, clock: Clock, spool: Path) -> None:
        self._door = door
        self._book = book
        self._logs = logs
        self._clock = clock
        self._spool = spool
        self._bodies: dict[Lease, BinaryIO] = {}
        self._answered: set[Lease] = set()
        self._leasing = asyncio.Lock()
        self._lease_turn = 0
        self._cancelled_turn = 0

    async def lease(self, runner: str, *, limit: int = 1) -> Sequence[Assignment]:  # noqa: ARG002 - the credential says whose
        """As the port says. One question at a time; cancelled, its answer is the next one's."""
        async with self._leasing:
            while True:
                answer = await self._door.ask("/lease", LeaseAsk(turn=self._lease_turn, limit=limit), LeaseAnswer)
                if answer.later:
                    continue
                assignments = [await self._taken(offer) for offer in answer.offers]
                self._lease_turn += 1
                if assignments or not answer.offers:
                    return assignments

    async def renew(self, leases: Sequence[Lease], *, started: Mapping[str, float]) -> Sequence[Lease]:
        answer = await self._door.ask("/renew", RenewAsk(leases=tuple(leases), started=dict(started)), RenewAnswer)
        return answer.lost

    async def commit(self, lease: Lease, manifest: Manifest, *, page: int = 0) -> CommitPage:
        answer = await self._door.ask("/commit", CommitAsk(lease=lease, manifest=manifest, page=page), CommitAnswer)
        told = answer.page
        targets = [one.target for one in told.uploads]
        addressed = [*zip(targets, answer.puts, strict=True), *zip(told.removals, answer.deletes, strict=True)]
        if answer.heads:
            addressed += zip(targets, answer.heads, strict=True)
        self._book.note_page(lease, addressed, again=partial(self._page_again, lease, manifest, page))
        return replace(told, commit=replace(told.commit, manifest=manifest))

    async def report(self, lease: Lease, report: Report, *, sealed: str = "") -> None:
        """As the port says; the log goes before it, and a call's files."""
        await self._logs.settled(lease)
        if sealed and lease not in self._answered:
            await self._door.send("/answer", _named(lease), packed(Path(sealed)))
            self._answered.add(lease)
        try:
            await self._door.ask("/report", ReportAsk(lease=lease, report=report, answered=bool(sealed)), Done)
        finally:
            self._forget(lease)
        if sealed:
            self._answered.discard(lease)
            await removed(Path(sealed))

    async def cancelled(self, runner: str) -> Sequence[Lease]:  # noqa: ARG002 - the credential says whose
        while True:
            answer = await self._door.ask("/cancelled", CancelledAsk(turn=self._cancelled_turn), CancelledAnswer)
            if not answer.later:
                self._cancelled_turn += 1
                return answer.leases

    async def _taken(self, offer: Offer) -> Assignment:
        """The assignment as the supervisor needs it: with its payload's file here."""
        assignment = offer.assignment
        lease, ref = assignment.lease, assignment.event.object
        if offer.input is not None and ref is not None:
            self._book.note_input(lease, ref, offer.input, again=partial(self._input_again, lease, assignment))
        if offer.body:
            file = self._bodies.get(lease) or await self._fetched(lease)
            self._bodies[lease] = file
            assignment = replace(assignment, payload_path=f"/proc/self/fd/{file.fileno()}")
        return replace(assignment, payload=assignment.event.payload)

    async def _fetched(self, lease: Lease) -> BinaryIO:
        """The payload in a file without a name. Raises `DiskFull`."""
        with ExitStack() as unless_whole:
            file = unless_whole.enter_context(TemporaryFile(dir=self._spool, buffering=0))
            try:
                await self._fill(file, lease)
            except OSError as error:
                raise DiskFull if error.errno in (ENOSPC, EDQUOT) else error from error
            unless_whole.pop_all()
        return file

    async def _fill(self, file: BinaryIO, lease: Lease) -> None:
        renewed = self._clock.monotonic()
        async with self._door.fetch("/body", _named(lease)) as chunks:
            async for chunk in chunks:
                await asyncio.to_thread(file.write, chunk)
                if self._clock.monotonic() - renewed > _RENEWED:
                    renewed = self._clock.monotonic()
                    await self.renew([lease], started={})

    async def _input_again(self, lease: Lease, assignment: Assignment) -> None:
        ask = RenewAsk(leases=(lease,), inputs=(lease.job,))
        answer = await self._door.ask("/renew", ask, RenewAnswer)
        ref = assignment.event.object
        if lease.job in answer.inputs and ref is not None:
            again = partial(self._input_again, lease, assignment)
            self._book.note_input(lease, ref, answer.inputs[lease.job], again=again)
        else:
            self._book.forget(lease)

    async def _page_again(self, lease: Lease, manifest: Manifest, page: int) -> None:
        await self.commit(lease, manifest, page=page)

    def _forget(self, lease: Lease) -> None:
        self._book.forget(lease)
        body = self._bodies.pop(lease, None)
        if body is not None:
            body.close()


def _named(lease: Lease) -> dict[str, str]:
    """A lease as a query names it."""
    return {"job": lease.job, "attempt": str(lease.attempt)}
