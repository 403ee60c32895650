"""Where the time goes inside the manager: `python -m bench.profiling jobs|calls|submissions|up [--files N] [--top N]`.

The manager runs under cProfile (its main thread: the event loop with the core, the supervisors, the doors) while files
or calls are put through it. Beside it the processor seconds of every process beneath the manager, which need no
profiler. cProfile makes Python code about twice as slow; trust the order, not the sums.
"""

import argparse
import pstats
import time
from pathlib import Path

from bench import processes
from bench.callers import burst
from bench.calls import callable_service
from bench.context import fresh_context
from bench.files import put_many
from bench.platform import COPY, Platform
from bench.submissions import BODY, CALLERS, FULL, submittable_service


def main() -> None:
    """Run, end the manager, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.profiling", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("jobs", "calls", "submissions", "up"))
    parser.add_argument("--files", type=int, default=1000, help="files, calls or submissions")
    parser.add_argument("--top", type=int, default=45)
    parser.add_argument("--sort", default="tottime", help="tottime or cumulative")
    parser.add_argument("--single-use", action="store_true", help="a fresh runner for every file")
    parser.add_argument("--plain", action="store_true", help="without cProfile: only the processor seconds")
    given = parser.parse_args()
    with fresh_context(long=False) as context:
        file = context.folder / "profile"
        prefix = [] if given.plain else ["-m", "cProfile", "-o", str(file)]
        settings = FULL if given.what == "submissions" else {}
        platform = Platform(context.folder / "state", prefix=prefix, **settings)
        try:
            platform.up()
            print(f"answered after {platform.answered:.2f} s")
            if given.what != "up":
                _work(platform, given.what, given.files, reuse="never" if given.single_use else "user")
        finally:
            platform.down()
        if not given.plain:
            _show(file, sort=given.sort, top=given.top)


def _work(platform: Platform, what: str, count: int, *, reuse: str) -> None:
    before = processes.cpu(platform.pid)
    began = time.monotonic()
    if what == "jobs":
        platform.deploy("copy", COPY, runner={"reuse": reuse})
        put_many(platform.bucket("copy"), [f"in/{number:05}" for number in range(count)])
        platform.settled("copy", count)
    elif what == "submissions":
        url, headers = submittable_service(platform)
        burst(url, calls=count, callers=CALLERS, headers=headers, body=BODY)
    else:
        url, headers = callable_service(platform)
        burst(url, calls=count, headers=headers)
    took = time.monotonic() - began
    print(f"{count} {what} in {took:.2f} s: {count / took:.1f} a second")
    for name, seconds in processes.cpu(platform.pid).items():
        print(f"  {name}: {(seconds - before.get(name, 0.0)) / count * 1000:.2f} ms of processor time each")


def _show(file: Path, *, sort: str, top: int) -> None:
    pstats.Stats(str(file)).sort_stats(sort).print_stats(top)


if __name__ == "__main__":
    main()
