"""`job list|show|cancel`: the jobs of a service, and how one is ended."""

import typer

from statuette.cli import jobs
from statuette.cli.connections import connected
from statuette.cli.letters import JobArgument, ServiceArgument, show_job
from statuette.cli.output import Format, FormatOption, messages
from statuette.cli.verbs import verb
from statuette.client import Client

app = typer.Typer(no_args_is_help=True, help="Jobs: listed, shown, cancelled, replayed; dead letters.")

verb(app, "list", "ls")(jobs.list_jobs)


@verb(app, "show", "get")
@connected
async def show(
    platform: Client, service: ServiceArgument, job: JobArgument, *, output: FormatOption = Format.TABLE
) -> None:
    """Show a job: each attempt with its outcome, exit code, reason, times and log."""
    await show_job(platform, service, job, output=output)


@verb(app, "cancel")
@connected
async def cancel(platform: Client, service: ServiceArgument, job: JobArgument) -> None:
    """End a job: at once when nobody has begun it, else its run is killed. Its log stays."""
    found = await platform.jobs.cancel(service, job)
    words = "its run is being ended" if found.cancelling else "cancelled"
    messages().print(f"✓ {job}: {words}", markup=False)
