"""`cp` jobs per second with many services defined, and with many finished jobs in the ledger, against one service alone
with an empty ledger; and what the manager's memory comes to while very many jobs wait.

All are real platforms that stand side by side and take turns. The services that are only defined have inputs of their
own in the same bucket. The jobs of the past are put into the ledger's file (`bench.history`) before the manager starts.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import history, processes
from bench.arrivals import record
from bench.context import Context
from bench.figures import Aim, Figure, alternate, median
from bench.files import put_many
from bench.platform import COPY, Platform, until
from statuette.adapters.clock_system import SystemClock
from statuette.adapters.ledger_sql import open_ledger

TITLE = "cp jobs with many services, and after many jobs"
NAME = "growth"
HALF = Aim(least=0.5, of="ratio")
CALM = 0.15
"""Processor seconds in one second below which a manager counts as at rest."""


def run(context: Context) -> list[Figure]:
    """Every platform against the smallest."""
    counts, jobs = (100, context.count(1000, 10_000)), context.count(50_000, 1_000_000)
    files, rounds = context.count(200, 500), context.count(3, 5)
    figures = []
    with ExitStack() as stack:
        small = stack.enter_context(_platform(context, "small"))
        grown = {
            **{f"{n:,} services": stack.enter_context(_platform(context, f"s{n}", services=n)) for n in counts},
            f"{jobs:,} finished jobs": stack.enter_context(_platform(context, "past", finished=jobs)),
        }
        for name, platform in grown.items():
            context.say(f"measuring with {name}")
            rates = alternate(rounds, Rounds(platform, files), Rounds(small, files))
            against = "1 service, an empty ledger"
            figures.append(
                Figure(
                    name=f"with {name}", value=median(rates[0]), unit="jobs/s", baseline=median(rates[1]),
                    against=against, aim=HALF,
                )
            )  # fmt: skip
    return [*figures, _memory(context, waiting=jobs)]


class Rounds:
    """Jobs per second from the first PUT to the last result, a number of files each time."""

    def __init__(self, platform: Platform, files: int) -> None:
        self._platform, self._files = platform, files

    def __call__(self) -> float:
        names = [f"in/{time.time_ns()}-{number:05}" for number in range(self._files)]
        began, _ = put_many(self._platform.bucket(NAME), names)
        until(lambda: self._platform.job_of(NAME, f"{NAME}/{names[-1]}"), 300, every=0.2)
        jobs = until(self._ended, 300, every=0.2)
        return self._files / (max(job["stages"]["published"] for job in jobs) - began)

    def _ended(self) -> list[dict[str, dict[str, float]]] | None:
        jobs = self._platform.newest(NAME, self._files)
        return jobs if all(job["state"] == "published" for job in jobs) else None


@contextmanager
def _platform(
    context: Context, name: str, *, services: int = 1, finished: int = 0, waiting: int = 0
) -> Iterator[Platform]:
    """A platform at rest, with one `cp` service, more that are only defined, and jobs of the past."""
    platform = Platform(context.folder / name)
    try:
        platform.up().deploy(NAME, COPY, cpu="0.2", runner={"idle_timeout": 600})
        platform.down()
        if services > 1:
            asyncio.run(_define(platform.state, services - 1))
        for count, ended in ((finished, True), (waiting, False)):
            if count:
                context.say(f"filling a ledger with {count:,} {'finished' if ended else 'waiting'} jobs")
                history.fill(platform.state, NAME, jobs=count, finished=ended)
        platform.up(wait=300)
        if not waiting:
            until(lambda: _rests(platform), 600)
        yield platform
    finally:
        platform.down()


async def _define(state: Path, count: int) -> None:
    """Services that listen to folders of their own, put into the ledger by its own writer."""
    url = f"sqlite:///{state / 'ledger.db'}"
    async with open_ledger(url, key_file=state / "key", clock=SystemClock()) as ledger:
        await asyncio.gather(*(ledger.services.add(record(f"other-{n}", bucket=NAME)) for n in range(count)))


def _rests(platform: Platform) -> bool:
    before = processes.cpu(platform.pid)["manager"]
    time.sleep(1)
    return processes.cpu(platform.pid)["manager"] - before < CALM


def _memory(context: Context, *, waiting: int) -> Figure:
    """The manager's peak while it works on a ledger full of waiting jobs, whose objects are gone: each is leased,
    looked for and settled.
    """
    with _platform(context, "idle") as idle, _platform(context, "waiting", waiting=waiting) as full:
        time.sleep(context.count(15, 120))
        left = full.backlog(NAME)["queued"]
        context.say(f"{waiting - left:,} of them were settled meanwhile")
        return Figure(
            name=f"peak memory of the manager, {waiting:,} jobs waiting",
            value=processes.peak(full.pid)["manager"],
            unit="MB",
            baseline=processes.peak(idle.pid)["manager"],
            against="none waiting",
            aim=Aim(most=1.5, of="ratio"),
        )
