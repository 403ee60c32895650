"""`torture`: a platform of its own is set on fire, to see whether a service loses anything."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from statuette.cli.errors import CommandError
from statuette.cli.fdl import read
from statuette.cli.processes import need_server

TORTURE_MODULE = "statuette.torture"

ServiceArgument = Annotated[Path, typer.Argument(metavar="SERVICE", help="FDL file of one service, or of a chain.")]
InputOption = Annotated[
    list[Path], typer.Option("--input", "-i", metavar="FILE", help="A sample of its input; can be given again.")
]
MinutesOption = Annotated[float, typer.Option("--minutes", metavar="N", help="How long the fire lasts.", min=0.1)]
SeedOption = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", help="Draw everything as an earlier torture did.", show_default=False),
]
CountOption = Annotated[
    int | None,
    typer.Option("--files", metavar="N", help="How many files are put (default: 100 a minute).", show_default=False),
]
PER_MINUTE = 100


def torture(
    service: ServiceArgument,
    *,
    sample: InputOption,
    minutes: MinutesOption = 2.0,
    seed: SeedOption = None,
    files: CountOption = None,
) -> None:
    """Run a service on a platform of its own while runners, store and manager are killed; tell what is lost.

    Nothing of a platform that runs here is touched. Exit code 1 when anything was lost, doubled, corrupted or left.
    """
    need_server()
    read(service)  # what is wrong with it is told with its line before anything is started
    missing = [str(path) for path in sample if not path.is_file()]
    if missing:
        raise CommandError(f"no such file: {', '.join(missing)}")
    raise typer.Exit(subprocess.run(command(service, sample, minutes, seed=seed, files=files), check=False).returncode)


def command(service: Path, samples: list[Path], minutes: float, *, seed: int | None, files: int | None) -> list[str]:
    """The command that does it."""
    words = [sys.executable, "-m", TORTURE_MODULE, str(service), "--minutes", str(minutes)]
    words += ["--files", str(files or max(1, round(minutes * PER_MINUTE)))]
    words += [] if seed is None else ["--seed", str(seed)]
    return [*words, "--input", *map(str, samples)]
