"""How results are shown: tables and colour on a terminal, plain padded text in a pipe, JSON when asked for."""

import json
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
import yaml
from rich import box
from rich.console import Console
from rich.table import Table

LONGEST_TIME = "%Y-%m-%d %H:%M:%S"


class Format(StrEnum):
    """The forms a list or an answer can be printed in."""

    TABLE = "table"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--output", "-o", help="How to print: table or json.")]


def console() -> Console:
    """Standard output; made anew so that it is the one of this moment."""
    return Console(highlight=False)


def messages() -> Console:
    """Standard error, for progress and remarks that are no result."""
    return Console(stderr=True, highlight=False)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str | None = None) -> None:
    """Print a table: drawn on a terminal, padded with blanks in a pipe; the first line is the header."""
    out = console()
    if not out.is_terminal:
        plain_table(columns, rows)
        return
    drawn = Table(*columns, box=box.SIMPLE_HEAD, title=title, title_justify="left", header_style="bold cyan")
    for row in rows:
        drawn.add_row(*(coloured(cell) for cell in row))
    out.print(drawn)


def plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table as text, nothing cut off."""
    lines = [list(columns), *[list(row) for row in rows]]
    widths = [max(len(line[number]) for line in lines) for number in range(len(columns))]
    for line in lines:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def coloured(cell: str) -> str:
    """The words for good and bad in colour; brackets kept from being read as markup."""
    colour = {
        "Succeeded": "green",
        "ready": "green",
        "ok": "green",
        "Failed": "red",
        "failed": "red",
        "dead": "red",
        "missing": "red",
        "Running": "yellow",
        "preparing": "yellow",
    }.get(cell)
    text = cell.replace("[", "\\[")
    return f"[{colour}]{text}[/{colour}]" if colour else text


def as_json(value: Any) -> None:  # noqa: ANN401  # whatever is JSON
    """Print a value as JSON."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def as_yaml(value: Any) -> None:  # noqa: ANN401  # whatever is JSON
    """Print a value as YAML, texts of several lines readable."""
    typer.echo(yaml.dump(value, Dumper=Readable, sort_keys=False, allow_unicode=True), nl=False)


class Readable(yaml.SafeDumper):
    """YAML with texts of several lines as blocks."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


Readable.add_representer(str, _text)


def time(moment: datetime | None) -> str:
    """A time as the existing command line shows it, in local time; nothing for none."""
    return "" if moment is None else moment.astimezone().strftime(LONGEST_TIME)


def size(count: float) -> str:
    """A number of bytes for persons."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"
