"""`service logs list|get`: the jobs of a service and what their scripts said."""

import sys
from typing import Annotated, Any

import typer

from statuette.cli.connections import connected
from statuette.cli.output import Format, FormatOption, as_json, messages, table, time
from statuette.cli.services import NameArgument
from statuette.cli.verbs import verb
from statuette.client import Client, JobSummary

app = typer.Typer(no_args_is_help=True, help="Jobs of a service and their logs.")

COLUMNS = ["JOB NAME", "STATUS", "CREATION TIME", "START TIME", "FINISH TIME", "EXIT", "OBJECT", "REASON"]


@verb(app, "list", "ls")
@connected
async def list_jobs(
    platform: Client,
    name: NameArgument,
    *,
    status: Annotated[
        str | None,
        typer.Option(
            "--status", "-s", metavar="A,B", help="Only jobs of these states, e.g. Failed.", show_default=False
        ),
    ] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """List the jobs of a service, newest first."""
    wanted = {word.strip().lower() for word in status.split(",")} if status else None
    jobs = {
        job: summary
        async for job, summary in platform.jobs.all(name)
        if wanted is None or {summary.status.lower(), summary.state.lower()} & wanted
    }
    if output is Format.JSON:
        as_json({job: summary.plain() for job, summary in jobs.items()})
    elif jobs:
        table(COLUMNS, [job_row(job, summary) for job, summary in jobs.items()])
    else:
        messages().print("There are no such jobs." if wanted else "There are no jobs yet.")


def job_row(name: str, job: JobSummary) -> list[str]:
    """A job as a line of the list."""
    times = [time(job.creation_time), time(job.start_time), time(job.finish_time)]
    code = "" if job.exit_code is None else str(job.exit_code)
    return [name, job.status, *times, code, job.object or "", job.reason or ""]


@verb(app, "get", "g")
@connected
async def get_log(
    platform: Client,
    name: NameArgument,
    job: Annotated[
        str | None, typer.Argument(metavar="[JOB]", help="Name of the job (default: the newest).", show_default=False)
    ] = None,
    *,
    latest: Annotated[bool, typer.Option("--latest", "-l", help="The newest job.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-F", help="Go on printing until the job ends.")] = False,
    timestamps: Annotated[bool, typer.Option("--show-timestamps", "-t", help="A time before each line.")] = False,
    attempt: Annotated[
        int | None, typer.Option(metavar="N", help="Which attempt (default: the last).", min=1, show_default=False)
    ] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Print the log of a job; with -o json the job itself, its attempts, times and outputs."""
    if latest and job is not None:
        raise typer.BadParameter("give a JOB or --latest, not both")
    job = job or await platform.jobs.latest(name)
    if output is Format.JSON:
        as_json((await platform.jobs.get(name, job)).plain())
    elif follow:
        await print_growing(platform, name, job, timestamps=timestamps, attempt=attempt)
    else:
        write(await platform.jobs.log(name, job, timestamps=timestamps, attempt=attempt))


async def print_growing(platform: Client, name: str, job: str, **options: Any) -> None:  # noqa: ANN401
    """Print a log as it grows."""
    async with platform.jobs.follow(name, job, **options) as pieces:
        async for piece in pieces:
            write(piece)


def write(text: str) -> None:
    """Print a piece of a log as it is: it may hold anything, and brackets in it are no markup."""
    sys.stdout.write(text)
    sys.stdout.flush()
