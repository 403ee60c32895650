"""Events accepted from the store, against the store's bare PUT rate.

Nothing runs meanwhile: the manager is told that the disk is full (`STATUETTE_LEAST_FREE`), so jobs are made and no
runner competes for the cores. Measured from the first PUT until the ledger has every job; the baseline is the same
number of PUTs to a folder to which no service listens. Both sides see the same store and the same stream.
"""

import time

from bench.context import Context
from bench.figures import Aim, Figure, alternate, median, quantile
from bench.files import CONCURRENCY, put_many
from bench.platform import COPY, Platform, running, until

TITLE = "Events from the store"


def run(context: Context) -> list[Figure]:
    """Rounds of PUTs in turn."""
    with running(context.folder / "state", least_free=str(2**62)) as platform:
        platform.deploy("events", COPY)
        store = platform.bucket("events")
        files = context.count(2000, 10_000)
        put_many(store, [f"warm/{number}" for number in range(500)])
        done = 0

        def ours() -> float:
            nonlocal done
            began, _ = put_many(store, [f"in/{done + number:06}" for number in range(files)])
            done += files
            return files / (_accepted(platform, done) - began)

        def bare() -> float:
            began, ended = put_many(store, [f"other/{time.time_ns()}-{number:06}" for number in range(files)])
            return files / (ended - began)

        rates = alternate(context.count(3, 6), ours, bare)
        jobs = platform.jobs("events")
    lag = [(job["stages"]["seen"] - job["stages"]["stored"]) * 1000 for job in jobs]
    return [
        Figure(
            name=f"events accepted ({len(rates[0])} rounds of {files:,} objects)",
            value=median(rates[0]),
            unit="events/s",
            baseline=median(rates[1]),
            against=f"bare PUTs, {CONCURRENCY} at a time",
            aim=Aim(least=0.9, of="ratio"),
        ),
        Figure(name="stored → seen meanwhile, p50", value=quantile(lag, 0.5), unit="ms"),
        Figure(name="stored → seen meanwhile, p99", value=quantile(lag, 0.99), unit="ms"),
    ]


def _accepted(platform: Platform, count: int) -> float:
    """When the ledger has that many jobs (seconds since the epoch)."""

    def look() -> float | None:
        backlog = platform.backlog("events")
        return time.time() if sum(backlog.values()) >= count else None

    return until(look, 120, every=0.01)
