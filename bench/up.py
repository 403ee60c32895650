"""Seconds until `statuette up` answers, with a fresh state and again; and until a service can be worked with."""

import subprocess
import sys
import time

from bench.context import Context
from bench.figures import Aim, Figure, median
from bench.platform import COPY, Platform
from bench.weed import BareWeed

TITLE = "Start"
WEED = "bare weed mini"


def run(context: Context) -> list[Figure]:
    """Fresh, again and the baselines in turn; medians."""
    fresh: list[float] = []
    deployed: list[float] = []
    again: list[float] = []
    bare: list[float] = []
    python: list[float] = []
    first = _very_first(context)
    for number in range(context.count(3, 7)):
        platform = Platform(context.folder / f"state-{number}")
        began = time.monotonic()
        try:
            fresh.append(platform.up().answered)
            platform.deploy("first", COPY)
            deployed.append(time.monotonic() - began)
        finally:
            platform.down()
        weed = BareWeed(context.folder / f"weed-{number}")
        try:
            bare.append(weed.up())
        finally:
            weed.down()
        try:
            again.append(platform.up().answered)
        finally:
            platform.down()
        python.append(_python())
        context.say(f"fresh {fresh[-1]:.2f} s, again {again[-1]:.2f} s, bare weed {bare[-1]:.2f} s")
    aim = Aim(most=3.0)
    return [
        _figure("answers, fresh state", fresh, bare, aim=aim),
        _figure("answers, second start", again, bare, aim=aim),
        _figure("a first service is deployed and ready", deployed, bare),
        Figure(name="answers, very first start (Python compiles everything)", value=first, unit="s"),
        Figure(name="of which Python itself (python -c pass)", value=median(python), unit="s"),
    ]


def _very_first(context: Context) -> float:
    platforms = [Platform(context.folder / f"first-{number}") for number in range(2)]
    try:
        platforms[0].up(compiled=context.folder / "pycache")
    finally:
        platforms[0].down()
    try:
        platforms[1].up()  # so that what all runs share is compiled
    finally:
        platforms[1].down()
    return platforms[0].answered


def _figure(name: str, values: list[float], bare: list[float], *, aim: Aim | None = None) -> Figure:
    return Figure(name=name, value=median(values), unit="s", baseline=median(bare), against=WEED, aim=aim)


def _python() -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.monotonic() - began
