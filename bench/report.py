"""The three forms of a result: a table for people, Markdown for `docs/performance.md`, JSON for machines."""

import json
import os
import platform
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.figures import Figure, number
from statuette import __version__

COLUMNS = ("figure", "value", "baseline", "ratio", "aim", "met")


@dataclass(slots=True)
class Result:
    """One benchmark's figures. `trouble` says why there are none; `idle` is the share of the cores nobody used just
    before.
    """

    name: str
    title: str
    figures: list[Figure] = field(default_factory=list)
    seconds: float = 0.0
    idle: float = 0.0
    trouble: str = ""
    failed: bool = False


def cells(figure: Figure) -> tuple[str, ...]:
    """A figure's row."""
    baseline = "" if figure.baseline is None else f"{number(figure.baseline)} {figure.unit}"
    against = f" ({figure.against})" if figure.against and figure.baseline is not None else ""
    return (
        f"{figure.name}{f' ({figure.note})' if figure.note else ''}",
        f"{number(figure.value)} {figure.unit}",
        baseline + against,
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
        figure.aim_text(),
        {True: "yes", False: "no", None: ""}[figure.met],
    )


def machine() -> dict[str, Any]:
    """Where this was measured."""
    return {
        "version": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def as_table(results: list[Result]) -> None:
    """For people."""
    console = Console()
    for result in results:
        told = f"{result.title}  [dim]{result.seconds:.0f} s, before it {result.idle:.0%} idle[/dim]"
        if result.trouble:
            console.print(f"{told}\n  {result.trouble}", style="red" if result.failed else "yellow")
            continue
        table = Table(*COLUMNS, title=told, title_justify="left")
        for figure in result.figures:
            style = {True: "green", False: "yellow", None: ""}[figure.met]
            table.add_row(*cells(figure), style=style)
        console.print(table)


def as_markdown(results: list[Result]) -> None:
    """For `docs/performance.md`."""
    facts = machine()
    where = f"{facts['system']}, {facts['cores']} cores, {facts['memory_gib']} GiB"
    lines = [f"statuette {facts['version']}, Python {facts['python']}, {where}, {facts['at']}"]
    for result in results:
        lines += [
            "",
            f"### {result.title}",
            "",
            f"{result.seconds:.0f} s; before it {result.idle:.0%} of the cores idle.",
        ]
        if result.trouble:
            lines += ["", result.trouble]
            continue
        lines += ["", f"| {' | '.join(COLUMNS)} |", "| --- | ---: | --- | ---: | --- | --- |"]
        lines += [f"| {' | '.join(cells(figure))} |" for figure in result.figures]
    print("\n".join(lines))


def as_json(results: list[Result]) -> None:
    """For machines."""
    benchmarks = [
        {
            "name": result.name,
            "title": result.title,
            "seconds": round(result.seconds, 1),
            "idle_before": round(result.idle, 3),
            "trouble": result.trouble,
            "figures": [figure.plain() for figure in result.figures],
        }
        for result in results
    ]
    json.dump({"machine": machine(), "benchmarks": benchmarks}, sys.stdout, indent=1, ensure_ascii=False)
    print()


FORMS = {"table": as_table, "markdown": as_markdown, "json": as_json}
