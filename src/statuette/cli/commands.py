"""The tree of commands."""

from typing import Annotated

import typer

import statuette
from statuette.cli import apply, files, interventions, jobs, letters, manager, replay, services, system, torture
from statuette.cli.errors import OneLineGroup
from statuette.cli.verbs import group, verb

app = typer.Typer(
    cls=OneLineGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # its tracebacks show local variables, passwords among them
    context_settings={"help_option_names": ["-h", "--help"]},
)


def print_version(*, asked: bool) -> None:
    """Print the version and leave, when asked."""
    if asked:
        typer.echo(statuette.__version__)
        raise typer.Exit


VersionOption = Annotated[
    bool,
    typer.Option(
        "--version",
        help="Print the version and leave.",
        is_eager=True,
        callback=lambda asked: print_version(asked=asked),
    ),
]


@app.callback()
def root(*, version: VersionOption = False) -> None:
    """Serverless inference: put a file into a bucket, or make a call, and a trained model runs on it."""
    del version  # its callback has done it


verb(app, "up")(manager.up)
verb(app, "down")(manager.down)
verb(app, "status")(system.status)
verb(app, "doctor")(system.doctor)
verb(app, "torture")(torture.torture)
verb(app, "version", "v")(system.version)
verb(app, "apply", "a")(apply.apply)
verb(app, "delete", "del", "remove", "rm")(apply.delete)
verb(services.app, "put-file", "pf")(files.put_file)
verb(services.app, "get-file", "gf")(files.get_file)
verb(services.app, "list-files", "list-file", "lsf")(files.list_files)
verb(app, "sweep")(system.sweep)
verb(interventions.app, "replay")(replay.replay)
group(interventions.app, letters.app, "dead", "dead-letters")
group(app, interventions.app, "job", "jobs")
group(services.app, jobs.app, "logs", "log", "l")
group(app, services.app, "service", "services", "svc", "s")
