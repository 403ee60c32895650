"""`python -m bench`: run the benchmarks, print their figures. Exit code 1 when one could not be run."""

import argparse
import sys
import time
import traceback
from collections.abc import Callable

from bench import calls, crowd, growth, intake, jobs, latency, ledger, memory, peer, scale, submissions, sweep, up
from bench.context import Context, Skipped, fresh_context, idle_share
from bench.figures import Figure
from bench.report import FORMS, Result

Benchmark = Callable[[Context], list[Figure]]

ALL: dict[str, tuple[str, Benchmark]] = {
    "up": (up.TITLE, up.run),
    "memory": (memory.TITLE, memory.run),
    "latency": (latency.TITLE, latency.run),
    "jobs": (jobs.TITLE, jobs.run),
    "calls": (calls.TITLE, calls.run),
    "ledger": (ledger.TITLE, ledger.run),
    "intake": (intake.TITLE, intake.run),
    "submissions": (submissions.TITLE, submissions.run),
    "peer": (peer.TITLE, peer.run),
    "scale": (scale.TITLE, scale.run),
    "growth": (growth.TITLE, growth.run),
    "crowd": (crowd.TITLE, crowd.run),
    "sweep": (sweep.TITLE, sweep.run),
}


def measure(name: str, *, long: bool) -> Result:
    """One benchmark; what goes wrong becomes part of its result."""
    title, benchmark = ALL[name]
    result = Result(name=name, title=title, idle=idle_share())
    print(f"{name}: {title} ({result.idle:.0%} of the cores idle)", file=sys.stderr, flush=True)
    began = time.monotonic()
    try:
        with fresh_context(long=long) as context:
            result.figures = benchmark(context)
    except Skipped as reason:
        result.trouble = f"skipped: {reason}"
    except Exception as error:  # noqa: BLE001 - shown whole, and the other benchmarks go on
        traceback.print_exc()
        result.trouble = f"could not be run: {error}"
        result.failed = True
    result.seconds = time.monotonic() - began
    return result


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--long", action="store_true", help="larger numbers; about an hour")
    parser.add_argument("--only", nargs="+", choices=ALL, metavar="NAME", help=f"some of: {', '.join(ALL)}")
    parser.add_argument("-o", "--output", choices=FORMS, default="table")
    given = parser.parse_args()
    results = [measure(name, long=given.long) for name in given.only or ALL]
    FORMS[given.output](results)
    return int(any(result.failed for result in results))


if __name__ == "__main__":
    sys.exit(main())
