"""`python -m statuette.torture`: torture a platform, tell what came of it; exit code 1 when anything is wrong."""

import asyncio
import logging
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from statuette.torture import tree
from statuette.torture.chain import Chain, NoChain, built_in, of_file
from statuette.torture.disk import Disk, own_mounts
from statuette.torture.figures import Figures, rows
from statuette.torture.options import Options, parsed
from statuette.torture.ordeal import Ordeal, Share
from statuette.torture.platform import Stuck
from statuette.torture.report import NoPlace, write
from statuette.torture.schedule import Fault
from statuette.torture.show import Show

_TOLD = 20


def main(arguments: Sequence[str]) -> int:
    """Do it; the exit code."""
    options = parsed(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):  # whoever ends the torture ends what it has started
        signal.signal(number, signal.default_int_handler)
    show = Show(Console(stderr=True))
    why_not = own_mounts()
    tree.adopt_orphans()
    try:
        chain = of_file(options.fdl) if options.fdl else built_in()
        figures = [_one(options, store, chain=chain, show=show, why_not=why_not) for store in options.stores]
        if options.report:
            write(options.report, options, figures)
    except (NoChain, NoPlace, Stuck, OSError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return _tell(figures)


def _one(options: Options, store: str, *, chain: Chain, show: Show, why_not: str) -> Figures:
    """One platform's torture, in a folder that is kept when something is wrong."""
    part = len(options.stores)
    share = Share(store, options.files // part, 60 * options.minutes / part)
    folder = Path(tempfile.mkdtemp(prefix=f"statuette-torture-{options.seed}-"))
    disk = Disk(folder / "disk", why_not=why_not)
    wrong = True
    try:
        ordeal = Ordeal(options, share, chain=chain, disk=disk, show=show)
        _log_to(folder / "faults.log", ordeal.faults)
        show.say(f"seed {options.seed}, {store} store: {len(ordeal.faults)} faults in {share.seconds:.0f} s, {folder}")
        with show.showing():
            figures = asyncio.run(ordeal.run())
        wrong = options.keep or bool(figures.wrong())
    finally:
        if wrong:
            disk.keep(folder / "kept")
            show.say(f"everything of this platform is kept in {folder}")
        disk.close()
        if not wrong:
            shutil.rmtree(folder)
    return figures


def _log_to(file: Path, faults: Sequence[Fault]) -> None:
    """Print the schedule, and from here on what of it is delivered."""
    lines = ["The schedule:", *(fault.words() for fault in faults), "", "Delivered:", ""]
    file.write_text("\n".join(lines))
    handler = logging.FileHandler(file)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    ours = logging.getLogger("statuette.torture")
    ours.setLevel(logging.INFO)
    ours.handlers, ours.propagate = [handler], False


def _tell(figures: Sequence[Figures]) -> int:
    """Print the table, and what is wrong."""
    out = Console(highlight=False)
    table = Table("", *(f"{one.store} store" for one in figures), box=box.SIMPLE_HEAD)
    for name, cells in rows(figures):
        table.add_row(name, *cells)
    out.print(table)
    wrong = [f"{one.store} store: {line}" for one in figures for line in one.wrong()]
    for one in figures:
        for reason in one.not_done:
            out.print(f"not done: {reason}", markup=False, soft_wrap=True)
        for words, count in Counter(one.refused).most_common(_TOLD):
            out.print(f"{count} times the manager could not start: {words}", markup=False, soft_wrap=True)
        for words, count in one.faults_told.most_common(_TOLD):
            out.print(f"{count} times the manager told of a fault of its own: {words}", markup=False, soft_wrap=True)
    for line in wrong[:_TOLD]:
        out.print(line, markup=False, soft_wrap=True)
    if len(wrong) > _TOLD:
        out.print(f"… and {len(wrong) - _TOLD} more")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
