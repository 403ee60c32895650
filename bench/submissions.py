"""Work handed in by `POST /job`: acknowledged submissions per second, all of them durable when they are answered.

The manager runs no jobs meanwhile (it is told that the disk is full), so that the door is measured and not the work.
The baseline is a plain ASGI application that appends each body to one file and syncs whatever came in together. The
callers are a process of their own on the same cores for both.
"""

from bench.callers import Burst, burst
from bench.context import Context
from bench.figures import Aim, Figure, median, quantile
from bench.keeping import keeping
from bench.platform import COPY, Platform, running

TITLE = "Submissions"
CALLERS = 64
AGAINST = "plain ASGI, lines synced in groups"
FULL = {"least_free": str(2**62)}
"""Settings under which nothing is handed out: the disk counts as full."""
BODY = b'{"input": "' + b"x" * 200 + b'"}'


def run(context: Context) -> list[Figure]:
    """Rounds in turn, at one caller and at many."""
    with running(context.folder / "state", **FULL) as platform, keeping(context.folder / "kept") as plain:
        url, headers = submittable_service(platform)

        def ours(calls: int, callers: int) -> Burst:
            return burst(url, calls=calls, callers=callers, headers=headers, body=BODY)

        def bare(calls: int, callers: int) -> Burst:
            return burst(plain, calls=calls, callers=callers, body=BODY)

        calls, rounds = context.count(3000, 10_000), context.count(4, 8)
        ours(500, CALLERS)
        many = [(ours(calls, CALLERS), bare(calls, CALLERS)) for _ in range(rounds)]
        alone = [(ours(100, 1), bare(100, 1)) for _ in range(rounds)]
    return [
        Figure(
            name=f"acknowledged, {CALLERS} callers",
            value=median([one.per_second for one, _ in many]),
            unit="jobs/s",
            baseline=median([one.per_second for _, one in many]),
            against=AGAINST,
            aim=Aim(least=1000),
        ),
        _answered(f"{CALLERS} callers, answered within, p99", many, share=0.99),
        _answered("one caller, answered within, p50", alone, share=0.5),
    ]


def submittable_service(platform: Platform) -> tuple[str, list[str]]:
    """A service: its address for submissions, and the header that lets a caller in."""
    service = platform.deploy("submit", COPY)
    return f"{platform.url}/job/submit", [f"Authorization: Bearer {service['token']}"]


def _answered(name: str, bursts: list[tuple[Burst, Burst]], *, share: float) -> Figure:
    ours = [time for one, _ in bursts for time in one.milliseconds]
    bare = [time for _, one in bursts for time in one.milliseconds]
    return Figure(name=name, value=quantile(ours, share), unit="ms", baseline=quantile(bare, share), against=AGAINST)
