"""Warm synchronous calls: above a bare fork of the same script at one caller, and beside a plain ASGI application that
forks it at eight and more.
"""

from bench.callers import burst
from bench.context import Context
from bench.figures import Aim, Figure, alternate, median, spread
from bench.forking import fork, forking
from bench.platform import Platform, running

TITLE = "Calls, warm"
SCRIPT = "#!/bin/sh\necho hello\n"
BLOCK = 20
"""Calls in a row before the other side has its turn."""


def run(context: Context) -> list[Figure]:
    """One caller, then several."""
    script = context.folder / "script.sh"
    script.write_text(SCRIPT)
    with running(context.folder / "state") as platform, forking(script) as plain:
        url, headers = callable_service(platform)
        burst(url, calls=50, headers=headers)
        ours: list[float] = []
        bare: list[float] = []
        asgi: list[float] = []
        for _ in range(context.count(15, 60)):
            ours += burst(url, calls=BLOCK, headers=headers).milliseconds
            bare += [fork(script) for _ in range(BLOCK)]
            asgi += burst(plain, calls=BLOCK).milliseconds
        aims = (Aim(most=3, of="above"), Aim(most=10, of="above"))
        figures = spread("one caller", ours, baseline=bare, against="bare fork of the script", aims=aims)
        figures += spread(
            "one caller, beside the plain application", ours, baseline=asgi, against="plain ASGI, forking"
        )
        for callers in (8, 64) if context.long else (8,):
            figures.append(_many(context, url, plain, headers=headers, callers=callers))
    return figures


def callable_service(platform: Platform) -> tuple[str, list[str]]:
    """A service without inputs or outputs: its address for calls, and the header that lets a caller in."""
    service = platform.deploy("call", SCRIPT, input=[], output=[], runner={"idle_timeout": 600})
    return f"{platform.url}/run/call", [f"Authorization: Bearer {service['token']}"]


def _many(context: Context, url: str, plain: str, *, headers: list[str], callers: int) -> Figure:
    burst(url, calls=callers * 10, callers=callers, headers=headers)
    calls = context.count(400, 2000)

    def ours() -> float:
        return burst(url, calls=calls, callers=callers, headers=headers).per_second

    def bare() -> float:
        return burst(plain, calls=calls, callers=callers).per_second

    rates = alternate(context.count(4, 8), ours, bare)
    return Figure(
        name=f"{callers} callers",
        value=median(rates[0]),
        unit="calls/s",
        baseline=median(rates[1]),
        against="plain ASGI, forking",
        aim=Aim(least=0.6, of="ratio"),
    )
