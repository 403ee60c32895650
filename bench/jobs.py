"""`cp` jobs per second, with runners used again and with single-use ones, against a bare loop.

The files lie in the bucket before either side begins, so that only working them off is measured: from the first lease
to the last result for the platform (a service deployed with `process_existing`), from the first get to the last put
for the loop. Both have the same number of runners or workers; rounds alternate.
A second figure counts the whole way, from the first PUT on, with the service in place.
"""

import time
from typing import Any

from bench.context import Context
from bench.figures import Aim, Figure, alternate, median
from bench.files import put_many
from bench.loop import Loop, looping
from bench.platform import COPY, Platform, running

TITLE = "cp jobs"
WORKERS = 4
LOOP = f"bare get, sh -c cp, put; {WORKERS} workers"


def run(context: Context) -> list[Figure]:
    """Both kinds of runners, then the whole way."""
    with running(context.folder / "state") as platform:
        platform.deploy("jobs", COPY)  # makes the bucket
        with looping(platform.store(), name="jobs", script=COPY, target="bare-out") as loop:
            rounds = context.count(4, 10)
            used_again = _drained(context, platform, loop, rounds=rounds, files=500, reuse="user")
            single_use = _drained(context, platform, loop, rounds=context.count(2, 6), files=250, reuse="never")
            whole = _whole(context, platform, loop, files=context.count(1000, 4000))
    aims = Aim(least=0.65, of="ratio"), Aim(least=0.35, of="ratio")
    return [
        _figure(f"runners used again ({rounds} rounds of 500 files)", used_again, aims[0]),
        _figure("single-use runners", single_use, aims[1]),
        _figure("runners used again, from the first PUT on", whole, None, against=f"the PUTs, then a {LOOP}"),
    ]


def _figure(name: str, rates: list[list[float]], aim: Aim | None, *, against: str = LOOP) -> Figure:
    return Figure(name=name, value=median(rates[0]), unit="jobs/s", baseline=median(rates[1]), against=against, aim=aim)


def _drained(
    context: Context, platform: Platform, loop: Loop, *, rounds: int, files: int, reuse: str
) -> list[list[float]]:
    counter = iter(range(rounds))
    store = platform.bucket("jobs")

    def ours() -> float:
        name = f"{reuse}-{next(counter)}"
        put_many(store, [f"{name}/{number:05}" for number in range(files)])
        platform.deploy(name, COPY, **_fields(name, reuse=reuse))
        jobs = platform.settled(name, files)
        platform.remove(name)
        rate = files / (_last(jobs) - min(float(job["stages"]["leased"]) for job in jobs))
        context.say(f"{reuse}: {rate:.0f} jobs/s")
        return rate

    def bare() -> float:
        keys = [f"bare/{number:05}" for number in range(files)]
        put_many(store, keys)
        rate = _bare_rate(loop, keys)
        context.say(f"bare loop: {rate:.0f} jobs/s")
        return rate

    return alternate(rounds, ours, bare)


def _fields(name: str, *, reuse: str) -> dict[str, object]:
    source = {"storage_provider": "minio.default", "path": f"jobs/{name}", "process_existing": True}
    target = {"storage_provider": "minio.default", "path": f"jobs/out-{name}"}
    scale = {"min_scale": 0, "max_scale": WORKERS}
    return {"input": [source], "output": [target], "synchronous": scale, "runner": {"reuse": reuse}, "cpu": "0.2"}


def _bare_rate(loop: Loop, keys: list[str]) -> float:
    began = time.time()
    moments = loop.work(keys, workers=WORKERS)
    return len(keys) / (max(stored for _, stored in moments) - began)


def _last(jobs: list[dict[str, Any]]) -> float:
    """When the last result was there."""
    return max(float(job["stages"]["published"]) for job in jobs)


def _whole(context: Context, platform: Platform, loop: Loop, *, files: int) -> list[list[float]]:
    """With the service in place and warm: from the first PUT to the last result."""
    store = platform.bucket("jobs")
    service = _fields("whole", reuse="user") | {"input": [{"storage_provider": "minio.default", "path": "jobs/whole"}]}
    platform.deploy("whole", COPY, **service)
    done = 0

    def ours() -> float:
        nonlocal done
        began, _ = put_many(store, [f"whole/{done + number:05}" for number in range(files)])
        done += files
        return files / (_last(platform.settled("whole", done)) - began)

    def bare() -> float:
        keys = [f"bare/{number:05}" for number in range(files)]
        began, _ = put_many(store, keys)
        return files / (max(stored for _, stored in loop.work(keys, workers=WORKERS)) - began)

    return alternate(context.count(2, 4), ours, bare)
