"""Memory of everything that `statuette up` started: summed proportional set sizes, fresh and after 2,000 files."""

import time

from bench import processes
from bench.context import Context
from bench.figures import Aim, Figure
from bench.files import put_many
from bench.platform import COPY, Platform, running
from bench.weed import BareWeed

TITLE = "Memory"
FILES = 2000
REST = 10.0
"""Seconds of rest before a look."""
LATER = 600.0
AGAINST = "bare weed mini, the same objects"


def run(context: Context) -> list[Figure]:
    """The platform and a bare store side by side; the files go through both."""
    weed = BareWeed(context.folder / "weed")
    try:
        weed.up()
        with running(context.folder / "state") as platform:
            return _looks(context, platform, weed)
    finally:
        weed.down()


def _looks(context: Context, platform: Platform, weed: BareWeed) -> list[Figure]:
    time.sleep(REST)
    figures = _look("fresh", platform, weed, Aim(most=300))
    platform.deploy("copy", COPY)
    put_many(platform.bucket("copy"), [f"in/{number:05}" for number in range(FILES)])
    platform.settled("copy", FILES)
    bare = weed.bucket("copy")
    for folder in ("in", "out"):
        put_many(bare, [f"{folder}/{number:05}" for number in range(FILES)])
    time.sleep(REST)
    label = f"{REST:.0f} s after {FILES:,} files"
    figures += _look(label, platform, weed, None if context.long else Aim(most=400))
    if context.long:
        context.say(f"waiting {LATER:.0f} s")
        time.sleep(LATER - REST)
        figures += _look(f"{LATER / 60:.0f} minutes after {FILES:,} files", platform, weed, Aim(most=400))
    return figures


def _look(when: str, platform: Platform, weed: BareWeed, aim: Aim | None) -> list[Figure]:
    held = processes.memory(platform.pid)
    total = Figure(name=when, value=sum(held.values()), unit="MB", baseline=weed.memory(), against=AGAINST, aim=aim)
    parts = [
        Figure(name=f"{when}: {name}", value=value, unit="MB")
        for name, value in sorted(held.items(), key=lambda item: -item[1])
        if value >= 1
    ]
    return [total, *parts]
