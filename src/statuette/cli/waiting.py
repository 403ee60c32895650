"""Waiting for something to end, and showing how far it is: a live table on a terminal, a line per change elsewhere."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from rich import box
from rich.live import Live
from rich.table import Table

from statuette.cli.errors import CommandError
from statuette.cli.output import coloured, messages
from statuette.client import STAGES, Client, JobSummary, Service

LOOK_EVERY = 0.25  # seconds between two looks at the platform
LONGEST_DETAIL = 100  # characters shown of what a preparation does
APPEAR_WITHIN = 60.0  # seconds until a file that was put must have become a job

Jobs = Mapping[str, JobSummary]
Show = Callable[[Jobs], None]


async def prepared(platform: Client, name: str) -> Service:
    """Wait until a service is ready, showing what its preparation does. Raises `CommandError` when it failed."""
    out = messages()
    told = ""
    with out.status(f"{name}: preparing") as spinner:
        while True:
            service = await platform.services.get(name)
            if service.status.state == "failed":
                raise CommandError(f"{name} could not be prepared: {service.status.detail}")
            if service.status.state == "ready":
                return service
            words = f"{name}: {service.status.state} {shortened(service.status.detail)}".rstrip()
            spinner.update(words.replace("[", "\\["))
            if words != told and not out.is_terminal:
                out.print(words, markup=False, soft_wrap=True)
            told = words
            await asyncio.sleep(LOOK_EVERY)


def shortened(detail: str) -> str:
    """What a preparation says, as one line that fits."""
    line = " ".join(detail.split())
    return line if len(line) <= LONGEST_DETAIL else f"{line[: LONGEST_DETAIL - 1]}…"


async def newest_job(platform: Client, service: str) -> str:
    """The name of a service's newest job: whatever is newer was made after this moment. Empty when there is none."""
    page = await platform.jobs.page(service)
    return next(iter(page.jobs), "")


async def jobs_since(platform: Client, service: str, places: Collection[str], *, after: str) -> dict[str, JobSummary]:
    """The jobs of these objects (`bucket/key`) that are newer than the job named `after`.

    The list is newest first, so the pages that are read hold new jobs only, however many the service has had.
    """
    found: dict[str, JobSummary] = {}
    async for name, job in platform.jobs.all(service):
        if name == after:
            break
        if job.object in places:
            found[name] = job
    return found


async def ended(
    platform: Client, service: str, places: Collection[str], *, after: str, show: Show
) -> dict[str, JobSummary]:
    """Wait until every object of `places` has become a job that ended; only jobs newer than `after` count.

    Raises `CommandError` when an object becomes no job at all.
    """
    begun = time.monotonic()
    while True:
        jobs = await jobs_since(platform, service, places, after=after)
        show(jobs)
        missing = set(places) - {job.object for job in jobs.values()}
        if not missing and all(job.ended for job in jobs.values()):
            return jobs
        if missing and time.monotonic() - begun > APPEAR_WITHIN:
            which = f"{min(missing)}{f' and {len(missing) - 1} more' if len(missing) > 1 else ''}"
            raise CommandError(f"{which} became no job of {service} in {APPEAR_WITHIN:.0f} s (statuette status)")
        await asyncio.sleep(LOOK_EVERY)


@contextmanager
def live_jobs() -> Iterator[Show]:
    """Shows jobs on standard error as they pass their stages."""
    out = messages()
    if not out.is_terminal:
        yield told_jobs()
        return
    with Live(console=out, auto_refresh=False) as live:
        yield lambda jobs: live.update(jobs_table(jobs), refresh=True)


def told_jobs() -> Show:
    """Tells every change of a job in a line, for output that is no terminal."""
    told: dict[str, str] = {}
    out = messages()

    def show(jobs: Jobs) -> None:
        for name, job in jobs.items():
            words = f"{job.object or name}: {job.state or job.status} {stage_words(job.stages)}".rstrip()
            if told.get(name) != words:
                told[name] = words
                out.print(words, markup=False, soft_wrap=True)

    return show


def jobs_table(jobs: Jobs) -> Table:
    """Jobs with the milliseconds each stage came after the one before."""
    drawn = Table(box=box.SIMPLE_HEAD, header_style="bold cyan")
    for column in ("OBJECT", "STATUS", "STAGES"):
        drawn.add_column(column)
    for name, job in jobs.items():
        drawn.add_row((job.object or name).replace("[", "\\["), coloured(job.status), stage_words(job.stages))
    return drawn


def steps(stages: Mapping[str, datetime]) -> list[tuple[str, float]]:
    """Each stage that was passed, in order, with the seconds since the one before (0 for the first)."""
    passed = [(name, stages[name]) for name in STAGES if name in stages]
    before = [moment for _, moment in passed[:1] + passed[:-1]]
    return [(name, (moment - last).total_seconds()) for (name, moment), last in zip(passed, before, strict=True)]


def stage_words(stages: Mapping[str, datetime]) -> str:
    """The stages in one line: `stored, seen +6 ms, leased +2 ms, …`."""
    return ", ".join(
        name if number == 0 else f"{name} +{seconds * 1000:.0f} ms"
        for number, (name, seconds) in enumerate(steps(stages))
    )


def failure(name: str, job: JobSummary) -> str:
    """Why a job failed, and where one reads more."""
    code = "" if job.exit_code is None else f" with exit code {job.exit_code}"
    why = f": {job.reason}" if job.reason else ""
    return f"{job.object or name} failed{code}{why} (statuette service logs get SERVICE {name})"
