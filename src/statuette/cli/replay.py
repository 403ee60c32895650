"""`job replay`: objects that lie in a service's inputs are processed once more."""

import re
import sys
import time as clock
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from statuette.cli.connections import connected
from statuette.cli.errors import CommandError
from statuette.cli.output import Format, FormatOption, as_json, messages
from statuette.cli.services import NameArgument
from statuette.client import Client, ClientError, Replayed

AGE = re.compile(r"(\d+)([smhd])")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

SinceOption = Annotated[
    str | None,
    typer.Option(
        metavar="T", help="Only objects modified at T or later: 2026-01-31T12:00:00Z, seconds, or 2h ago as 2h."
    ),
]
UntilOption = Annotated[str | None, typer.Option(metavar="T", help="Only objects modified before T.")]
PrefixOption = Annotated[
    str | None, typer.Option(metavar="P", help="Only objects whose bucket/key begins with P.", show_default=False)
]
ListOption = Annotated[
    Path | None,
    typer.Option(
        "--list", metavar="FILE", help="Only the objects in FILE, a bucket/key on each line; - for standard input."
    ),
]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Count only, make no jobs.")]
IdOption = Annotated[
    str | None,
    typer.Option("--id", metavar="ID", help="Go on with a replay that broke off: no object gets a second job."),
]


@connected
async def replay(
    platform: Client,
    name: NameArgument,
    *,
    since: SinceOption = None,
    until: UntilOption = None,
    prefix: PrefixOption = None,
    places: ListOption = None,
    dry_run: DryOption = False,
    replay_id: IdOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Process the objects in a service's inputs once more: all, or those that fit every filter."""
    wish = wished(since=since, until=until, prefix=prefix, dry_run=dry_run)
    named = None if places is None else read_places(places)
    key = replay_id or uuid.uuid4().hex
    total = Replayed(replay=key)
    with counting(None if named is None else len(named)) as show:
        try:
            async for total in platform.replay.run(name, wish, key=key, places=named):
                show(total)
        except ClientError as error:
            raise CommandError(f"{error} ({total.accepted} jobs were made; --id {key} goes on)") from error
    report(total, dry_run=dry_run, output=output)


def wished(*, since: str | None, until: str | None, prefix: str | None, dry_run: bool) -> dict[str, Any]:
    """What to ask for; nothing stands for what was not given."""
    given = {"since": moment(since), "until": moment(until), "prefix": prefix, "dry_run": dry_run or None}
    return {field: value for field, value in given.items() if value is not None}


def moment(text: str | None) -> str | float | None:
    """A moment as the platform takes it: an age (`2h`) becomes seconds, everything else it reads itself."""
    age = AGE.fullmatch(text) if text else None
    return clock.time() - int(age[1]) * SECONDS[age[2]] if age else text


def read_places(file: Path) -> list[str]:
    """The lines of a file or of standard input that are not empty."""
    text = sys.stdin.read() if file == Path("-") else file.read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.strip()]


@contextmanager
def counting(total: int | None) -> Iterator[Callable[[Replayed], None]]:
    """A bar on standard error while a replay goes on; tells nothing when that is no terminal."""
    out = messages()
    if not out.is_terminal:
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=out) as progress:
        task = progress.add_task("replay", total=total)
        yield lambda told: progress.update(
            task, completed=told.listed, description=f"{told.listed} looked at, {told.accepted} jobs"
        )


def report(total: Replayed, *, dry_run: bool, output: Format) -> None:
    """Say what was done. Raises `CommandError` when objects were named that are not there."""
    if output is Format.JSON:
        as_json(total.plain())
    else:
        made = "none made (dry run)" if dry_run else f"{total.accepted} made"
        typer.echo(f"{total.listed} objects looked at, {total.matched} meant, jobs: {made}")
    if total.unknown:
        some = ", ".join(total.unknown[:5]) + (f" and {len(total.unknown) - 5} more" if len(total.unknown) > 5 else "")
        raise CommandError(f"in no input of the service, or not there: {some}")
