"""One file after another through a warm runner: from the upload's answer to the script, and to the result.

Two clocks: the script's own (it writes down when its first command ran: `date`, so a fork is in it) and the job's
stages. Both count from the moment the client had the answer to its PUT. The bare loop is told of each file by a pipe
and watches nothing; it takes the next file in turn with the platform.
"""

import time
from typing import Any

import obstore
from obstore.store import S3Store

from bench.context import Context
from bench.figures import Aim, Figure, quantile, spread
from bench.loop import Loop, looping
from bench.platform import Platform, running, until

TITLE = "Upload to result, one file at a time, warm"
SCRIPT = 'date +%s%N > "$TMP_OUTPUT_DIR/${INPUT_FILE_PATH##*/}"\n'
LOOP = "bare get, sh -c, put"
WARM_UP = 10
STAGES = ("seen", "leased", "fetched", "started", "ended", "sealed", "committed", "published")


def run(context: Context) -> list[Figure]:
    """Platform and bare loop in turn, file by file."""
    with running(context.folder / "state") as platform:
        platform.deploy("quick", SCRIPT, runner={"idle_timeout": 600})
        store = platform.bucket("quick")
        with looping(platform.store(), name="quick", script=SCRIPT, target="bare-out") as loop:
            answered, bare = _uploads(context, platform, store, loop)
        jobs = {job["object"].rpartition("/")[2]: job for job in platform.jobs("quick")}
    return _figures({name: (at, said, jobs[name]["stages"]) for name, (at, said) in answered.items()}, bare)


Seen = dict[str, tuple[float, float]]


def _uploads(
    context: Context, platform: Platform, store: S3Store, loop: Loop
) -> tuple[Seen, list[tuple[float, float]]]:
    answered: Seen = {}
    bare: list[tuple[float, float]] = []
    for number in range(WARM_UP + context.count(200, 1000)):
        name = f"{number:05}"
        obstore.put(store, f"in/{name}", b"x" * 1000)
        at = time.time()
        said = _said(store, f"out/{name}")
        obstore.put(store, f"bare-in/{name}", b"x" * 1000)
        bare_at = time.time()
        [(_, stored)] = loop.work([f"bare-in/{name}"], workers=1)
        if number >= WARM_UP:
            answered[name] = (at, said)
            bare.append((_said(store, f"bare-out/{name}") - bare_at, stored - bare_at))
    # Publishing is reported after the result can be seen.
    until(lambda: not sum(platform.backlog("quick").values()), 30)
    return answered, bare


def _said(store: S3Store, key: str) -> float:
    """When the script says that it ran, once its result is there. The pause keeps the watching client cheap."""

    def look() -> float | None:
        try:
            return int(bytes(obstore.get(store, key).bytes())) / 1e9
        except FileNotFoundError:
            return None

    time.sleep(0.015)
    return until(look, 60, every=0.01)


def _figures(files: dict[str, tuple[float, float, dict[str, Any]]], bare: list[tuple[float, float]]) -> list[Figure]:
    said = [(said - at) * 1000 for at, said, _ in files.values()]
    started = [(stages["started"] - at) * 1000 for at, _, stages in files.values()]
    published = [(stages["published"] - at) * 1000 for at, _, stages in files.values()]
    to_script = [start * 1000 for start, _ in bare]
    to_result = [stored * 1000 for _, stored in bare]
    aims = (Aim(most=15), Aim(most=60))
    name = "upload → script start, by the script's own clock"
    figures = spread(name, said, baseline=to_script, against=LOOP, aims=aims, note="a fork of date included")
    figures += spread("upload → script start, by the job's stages", started, baseline=[], against="")
    figures += spread("upload → published", published, baseline=to_result, against=LOOP)
    figures += _between([stages for _, _, stages in files.values()])
    return figures


def _between(jobs: list[dict[str, Any]]) -> list[Figure]:
    """Where the time goes: the median from stage to stage."""
    pairs = zip(("stored", *STAGES), STAGES, strict=False)
    return [
        Figure(
            name=f"{before} → {after}, p50",
            unit="ms",
            value=quantile([(one[after] - one[before]) * 1000 for one in jobs], 0.5),
        )
        for before, after in pairs
    ]
