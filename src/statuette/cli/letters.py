"""`job dead list|show|retry|drop`: jobs that gave up, why, and what becomes of them."""

import sys
from typing import Annotated, Any

import typer

from statuette.cli.connections import connected
from statuette.cli.errors import CommandError
from statuette.cli.jobs import write
from statuette.cli.output import Format, FormatOption, as_json, coloured, console, messages, table, time
from statuette.cli.services import AnyServiceArgument
from statuette.cli.verbs import verb
from statuette.client import DEAD, Attempt, Client, Job, JobSummary, NotFound, Settled

app = typer.Typer(no_args_is_help=True, help="Dead letters: jobs that gave up. Read them, run them again, drop them.")

COLUMNS = ["JOB NAME", "SERVICE", "STATE", "ATTEMPTS", "EXIT", "ENDED", "OBJECT", "REASON"]

ServiceArgument = Annotated[str, typer.Argument(metavar="SERVICE", help="Name of the service.")]
JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="Name of the job.")]
JobsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[JOB]...", help="Names of the jobs.", show_default=False)
]
AllOption = Annotated[bool, typer.Option("--all", help="All dead letters of the service.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@verb(app, "list", "ls")
@connected
async def list_letters(
    platform: Client,
    service: AnyServiceArgument = None,
    *,
    output: FormatOption = Format.TABLE,
) -> None:
    """List the dead letters of a service, or of all, newest first."""
    services = [service] if service else await concerned(platform)
    letters = [(name, job, one) for name in services async for job, one in platform.jobs.all(name, states=DEAD)]
    if output is Format.JSON:
        as_json([{"service": name, "name": job, **one.plain()} for name, job, one in letters])
    elif letters:
        table(COLUMNS, [letter_row(name, job, one) for name, job, one in letters])
    else:
        messages().print("There are no dead letters.")


async def concerned(platform: Client) -> list[str]:
    """The services that have dead letters, as the platform's status counts them; those that were deleted too."""
    told: dict[str, Any] = (await platform.system.status()).statuette.get("dead_letters") or {}
    return sorted(told.get("services") or {})


def letter_row(service: str, name: str, job: JobSummary) -> list[str]:
    """A dead letter as a line of the list."""
    code = "" if job.exit_code is None else str(job.exit_code)
    return [
        name,
        service,
        job.state,
        str(job.attempts),
        code,
        time(job.finish_time),
        job.object or "",
        job.reason or "",
    ]


@verb(app, "show", "get")
@connected
async def show_letter(
    platform: Client, service: ServiceArgument, job: JobArgument, *, output: FormatOption = Format.TABLE
) -> None:
    """Show a dead letter: each attempt with its outcome, exit code, reason, times and log."""
    await show_job(platform, service, job, output=output)


async def show_job(platform: Client, service: str, job: str, *, output: Format) -> None:
    """Show any job with all its attempts and their logs."""
    found = await platform.jobs.get(service, job)
    logs = {one.number: await attempt_log(platform, service, job, one.number) for one in found.attempts}
    if output is Format.JSON:
        plain = found.plain()
        for one in plain.get("attempts", []):
            one["log"] = logs[one["number"]]
        as_json(plain)
        return
    out = console()
    for line in head(service, found):
        out.print(line, soft_wrap=True)
    for one in found.attempts:
        out.rule(f"attempt {one.number}", align="left", style="cyan")
        out.print(attempt_line(one), soft_wrap=True)
        write_whole(logs[one.number])


async def attempt_log(platform: Client, service: str, job: str, number: int) -> str:
    """The log of one attempt; nothing when it said nothing, or never ran."""
    try:
        return await platform.jobs.log(service, job, attempt=number)
    except NotFound:
        return ""


def head(service: str, job: Job) -> list[str]:
    """What there is to say of a job before its attempts."""
    code = "" if job.exit_code is None else f", exit code {job.exit_code}"
    facts = [f"{plain(job.name)} of {plain(service)}: {coloured(job.state)}{code}"]
    facts += [f"reason: {plain(job.reason)}"] if job.reason else []
    facts += [f"to be ended: {plain(job.cancelling)}"] if job.cancelling else []
    facts += [f"object: {plain(job.object)}"] if job.object else []
    return facts + [f"output: {plain(f'{one.bucket}/{one.key}')} ({one.size} bytes)" for one in job.outputs]


def attempt_line(attempt: Attempt) -> str:
    """How an attempt went, in one line."""
    parts = [attempt.outcome or "goes on"]
    parts += [] if attempt.exit_code is None else [f"exit code {attempt.exit_code}"]
    parts += [f"{time(attempt.start_time)} to {time(attempt.finish_time) or 'now'}"] if attempt.start_time else []
    parts += [plain(attempt.reason)] if attempt.reason else []
    return ", ".join(parts)


def plain(text: str) -> str:
    """A text in which brackets are no markup."""
    return text.replace("[", "\\[")


def write_whole(text: str) -> None:
    """Print a log so that what follows begins on a line of its own."""
    write(text if text.endswith("\n") or not text else f"{text}\n")


@verb(app, "retry")
@connected
async def retry_letters(
    platform: Client, service: ServiceArgument, jobs: JobsArgument = None, *, everything: AllOption = False
) -> None:
    """Run dead letters again with all their retries: those named, or all of the present service."""
    named = chosen(jobs, everything=everything)
    tell(await platform.letters.retry(service, named), "run again")


@verb(app, "drop", "rm")
@connected
async def drop_letters(
    platform: Client,
    service: ServiceArgument,
    jobs: JobsArgument = None,
    *,
    everything: AllOption = False,
    yes: YesOption = False,
) -> None:
    """Forget dead letters and their logs; the objects stay, and nothing runs again for them."""
    named = chosen(jobs, everything=everything)
    if named is None and not yes and on_a_terminal():
        typer.confirm(f"Forget all dead letters of {service}, with their logs?", abort=True, err=True)
    tell(await platform.letters.drop(service, named), "dropped")


def on_a_terminal() -> bool:
    """Whether somebody is there to answer a question."""
    return sys.stdin.isatty()


def chosen(jobs: list[str] | None, *, everything: bool) -> list[str] | None:
    """The named jobs, or None for all; exactly one of both has to be given."""
    if bool(jobs) == everything:
        raise typer.BadParameter("name jobs, or give --all")
    return None if everything else jobs


def tell(settled: Settled, done: str) -> None:
    """Say what was done. Raises `CommandError` for jobs that it did not fit."""
    messages().print(f"✓ {settled.done} {done}", markup=False)
    if settled.left:
        some = ", ".join(settled.left[:5]) + (f" and {len(settled.left) - 5} more" if len(settled.left) > 5 else "")
        raise CommandError(f"no dead letters, or not there: {some}")
