"""A ledger at work in a process of its own, for the test that cuts its power: what was answered is noted line by line.

Called with the ledger's address, its key file, the file of notes and SQLite's `synchronous`. It ends without closing
anything.
"""

import asyncio
import json
import os
import random
import sys
from pathlib import Path

from statuette.adapters.ledger_sql import SqlLedger, database, open_ledger
from statuette.events.jobs import Job, Outcome, Retries
from statuette.events.leases import Report
from statuette.testing.clock import VirtualClock
from statuette.testing.ledger_suite_parts import lease_of, manifest, submitted

CALLS = 40
ARRIVALS = 3
"""Jobs in each call, all in one transaction with the stream's position, which is the call's number."""
PAGES = 50
"""Pages in the log after which SQLite carries them over into the database: few, so that this happens often."""


class Work:
    """Everybody who writes: the event path, four runners, and people."""

    def __init__(self, ledger: SqlLedger, notes: int) -> None:
        self.ledger = ledger
        self.dice = random.Random(11)
        self.known: list[str] = []
        self.coming = True
        self._notes = notes

    def note(self, *words: object) -> None:
        os.write(self._notes, json.dumps(words).encode() + b"\n")

    async def accept(self) -> None:
        for call in range(1, CALLS + 1):
            arrivals = [
                submitted(
                    key=f"{call}-{number}",
                    lane=self.dice.choice(["", "a", "b", "c"]),
                    modified=call,
                    supersede=self.dice.random() < 0.3,
                    retries=Retries(script=1, delay=0.0),
                )
                for number in range(ARRIVALS)
            ]
            answers = await self.ledger.intake.accept(arrivals, stream="filer", position=call)
            self.known += [answer.job for answer in answers]
            self.note("accepted", call, [answer.job for answer in answers])
            await asyncio.sleep(0.002)
        self.coming = False

    async def run(self, runner: str) -> None:
        while True:
            line = self.dice.choice(["reader", "reader", ""])
            jobs = await self.ledger.queue.lease(line, runner=runner, limit=2, ttl=60, revision=1, script_hash="")
            if not jobs and not self.coming and line:
                return
            for job in jobs:
                self.note("leased", job.id, job.attempt)
            for job in jobs:
                await self.end(job)
            await asyncio.sleep(0.001)

    async def end(self, job: Job) -> None:
        outcome = self.dice.choice([Outcome.PUBLISHED] * 4 + [Outcome.UNPUBLISHED, Outcome.SCRIPT_FAILED])
        if job.commit or outcome is not Outcome.SCRIPT_FAILED:
            made = await self.ledger.queue.commit(lease_of(job), manifest("a"))
            self.note("committed", job.id, made.id)
        await self.ledger.queue.report(lease_of(job), Report(outcome=outcome))
        self.note("reported", job.id, job.attempt, outcome)

    async def intervene(self) -> None:
        while self.coming:
            chosen = self.dice.sample(self.known, min(6, len(self.known)))
            for job in await self.ledger.interventions.cancel("reader", chosen[:3], reason="enough"):
                self.note("cancelled", job.id)
            for job in await self.ledger.interventions.revive("reader", chosen[3:]):
                self.note("revived", job.id)
            await asyncio.sleep(0.01)


async def main(url: str, key_file: str, notes: str, synchronous: str) -> None:
    database._SQLITE_SETTINGS = (
        *database._SQLITE_SETTINGS,
        f"PRAGMA synchronous={synchronous}",
        f"PRAGMA wal_autocheckpoint={PAGES}",
    )
    descriptor = os.open(notes, os.O_WRONLY | os.O_APPEND)
    async with open_ledger(url, key_file=Path(key_file), clock=VirtualClock()) as ledger:
        work = Work(ledger, descriptor)
        await asyncio.gather(work.accept(), work.intervene(), *(work.run(f"r{number}") for number in range(4)))
        os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
