"""What a person sees meanwhile: a live table on a terminal, a line every ten seconds elsewhere."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

EVERY = 10.0
"""Seconds between two lines."""


@dataclass(frozen=True, slots=True)
class View:
    """One moment. `phase` in words, `part` of it that is done (0 to 1), figures by name."""

    phase: str
    part: float
    figures: Mapping[str, str]

    def line(self) -> str:
        return f"{self.phase} {self.part:.0%}: " + ", ".join(f"{name} {value}" for name, value in self.figures.items())


class Show:
    """Shows views as they come."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._next = 0.0
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(None),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
        )
        self._task = self._progress.add_task("", total=1.0)

    @contextmanager
    def showing(self) -> Iterator[None]:
        """While the block runs, the terminal is ours."""
        if not self._console.is_terminal:
            yield
            return
        with Live(console=self._console, refresh_per_second=4, transient=True) as self._live:
            yield
        self._live = None

    def view(self, view: View) -> None:
        """Show a moment."""
        if self._live:
            self._progress.update(self._task, description=view.phase, completed=view.part)
            self._live.update(Group(_table(view), self._progress))
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + EVERY
            self._console.print(view.line(), soft_wrap=True, highlight=False, markup=False)

    def say(self, words: str) -> None:
        """A line that stays."""
        self._console.print(words, soft_wrap=True, highlight=False, markup=False)


def _table(view: View) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan")
    table.add_column(justify="right")
    for name, value in view.figures.items():
        table.add_row(name, value)
    return table
