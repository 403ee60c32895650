"""Very many files put at once: how long they take, what memory each process comes to, and how long one file of another
service waits that is put in the middle.

The time stands beside a bare loop over fewer files, as a rate; the delay beside the same file on the same platform
before the crowd came; the memory beside the peaks until then.
"""

import time

from bench import processes
from bench.context import Context
from bench.figures import Aim, Figure
from bench.files import put_many
from bench.loop import Loop, looping
from bench.platform import COPY, Platform, running, until

TITLE = "Very many files at once"
WORKERS = 4
SAMPLE = 1000
"""Files for the bare loop."""


def run(context: Context) -> list[Figure]:
    """One crowd, one file of another service in the middle of it."""
    files = context.count(10_000, 100_000)
    with running(context.folder / "state") as platform:
        for name in ("crowd", "lone"):
            platform.deploy(name, COPY, cpu="0.2")
        put_many(platform.bucket("crowd"), [f"in/warm-{number}" for number in range(20)])
        alone = _delay(platform, "alone")
        before = processes.peak(platform.pid)
        began = _crowd(context, platform, files)
        ended = _settled(platform, files)
        delay = _delay(platform, "middle", put=False)
        peaks = processes.peak(platform.pid)
        with looping(platform.store(), name="crowd", script=COPY, target="bare-out") as loop:
            bare = _bare(loop)
    return [
        Figure(
            name=f"{files:,} files put at once", value=files / (ended - began), unit="jobs/s", baseline=bare,
            against=f"bare get, sh -c cp, put of {SAMPLE:,} that lie there; {WORKERS} workers",
        ),
        Figure(name=f"{files:,} files put at once, all published after", value=ended - began, unit="s"),
        Figure(
            name="stored → published, one file of another service in the middle", value=delay, unit="s",
            baseline=alone, against="before the crowd came", aim=Aim(most=2),
        ),
        *(
            Figure(
                name=f"peak memory, {name}", value=value, unit="MB", baseline=before.get(name),
                against="before the crowd came",
            )
            for name, value in sorted(peaks.items(), key=lambda item: -item[1])
            if value >= 1
        ),
    ]  # fmt: skip


def _crowd(context: Context, platform: Platform, files: int) -> float:
    """Put them all, with one of another service half way; when it began."""
    store = platform.bucket("crowd")
    names = [f"in/{number:06}" for number in range(files)]
    began, _ = put_many(store, names[: files // 2])
    put_many(platform.bucket("lone"), ["in/middle"])
    _, ended = put_many(store, names[files // 2 :])
    context.say(f"{files:,} files were put in {ended - began:.0f} s")
    return began


def _settled(platform: Platform, files: int) -> float:
    """When the last one was published (seconds since the epoch)."""

    def look() -> float | None:
        if sum(platform.backlog("crowd").values()):
            return None
        [last] = platform.newest("crowd", 1)
        return time.time() if last["state"] == "published" else None

    return until(look, 60 + files / 5, every=1.0)


def _delay(platform: Platform, name: str, *, put: bool = True) -> float:
    """Seconds from the file's being stored to its result's."""
    if put:
        put_many(platform.bucket("lone"), [f"in/{name}"])
    job = until(lambda: platform.job_of("lone", f"lone/in/{name}"), 120)
    return float(job["stages"]["published"] - job["stages"]["stored"])


def _bare(loop: Loop) -> float:
    """Files per second through the bare loop; they lie there already."""
    keys = [f"in/{number:06}" for number in range(SAMPLE)]
    began = time.time()
    moments = loop.work(keys, workers=WORKERS)
    return len(keys) / (max(stored for _, stored in moments) - began)
