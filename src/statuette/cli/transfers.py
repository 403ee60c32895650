"""Progress bars of uploads and downloads, on a terminal only."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from statuette.cli.output import messages
from statuette.client.files import Progress as Told
from statuette.client.files import unseen


@contextmanager
def progress_bar(name: str, size: int, *, wanted: bool = True) -> Iterator[Told]:
    """A bar on standard error for one transfer of `size` bytes; tells nothing when that is no terminal."""
    out = messages()
    if not (wanted and out.is_terminal):
        yield unseen
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=out) as progress:
        task = progress.add_task(name, total=size)
        yield lambda count: progress.update(task, advance=count)
