"""What can be asked of a torture."""

import argparse
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

EMBEDDED, ATTACHED = "embedded", "attached"
PER_MINUTE = 1000
"""Files a minute, unless another number is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One torture. `stores` are tortured one after another, each for its part of the minutes with its part of the
    files. `fdl` None takes the built-in chain. `report` is a Markdown file with a place for the figures.
    """

    seed: int
    minutes: float = 10.0
    files: int = 10_000
    stores: tuple[str, ...] = (EMBEDDED, ATTACHED)
    supervisor: str = ""
    ledger: str = ""
    fdl: Path | None = None
    inputs: tuple[Path, ...] = ()
    report: Path | None = None
    keep: bool = False


def parsed(arguments: Sequence[str]) -> Options:
    """The options a command line gives. Exits with 2 when it is wrong."""
    given = _parser().parse_args(arguments)
    if bool(given.service) != bool(given.input):
        _parser().error("a service of yours needs samples: SERVICE --input FILE…, and samples need a service")
    return Options(
        seed=secrets.randbelow(10**9) if given.seed is None else given.seed,
        minutes=given.minutes,
        files=given.files or max(1, round(given.minutes * PER_MINUTE)),
        stores=tuple(given.store or (EMBEDDED, ATTACHED)),
        supervisor=given.supervisor,
        ledger=given.ledger,
        fdl=given.service,
        inputs=tuple(given.input),
        report=given.report,
        keep=given.keep,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m statuette.torture", description="Torture a platform of its own and check that nothing is lost."
    )
    parser.add_argument("service", nargs="?", type=Path, metavar="SERVICE", help="an FDL file; else a built-in chain")
    parser.add_argument("--input", nargs="+", type=Path, default=[], metavar="FILE", help="samples for the service")
    parser.add_argument("--minutes", type=_positive, default=10.0, help="how long the fire lasts (10)")
    parser.add_argument("--files", type=int, help=f"how many uploads ({PER_MINUTE} a minute)")
    parser.add_argument("--seed", type=int, help="draws everything; the same seed gives the same schedule")
    parser.add_argument("--store", nargs="+", choices=(EMBEDDED, ATTACHED), help="whose store (both, in turn)")
    parser.add_argument("--supervisor", choices=("task", "process"), default="", help="where supervisors run")
    parser.add_argument("--ledger", default="", metavar="URL", help="a database for the ledger (a file of its own)")
    parser.add_argument("--report", type=Path, metavar="FILE", help="Markdown file into which the figures are written")
    parser.add_argument("--keep", action="store_true", help="keep state and logs even when nothing is wrong")
    return parser


def _positive(text: str) -> float:
    number = float(text)
    if not number > 0:
        raise ValueError(text)
    return number
