"""The sweep over objects that have not changed, and what synchronous calls feel of it.

A service listens to folders full of small objects, all of which its ledger has seen. The platform is started again
and again, in turn so that it sweeps without end and so that it sweeps once: the first pass of a process compares
everything, those after it pass over what is as it was. Meanwhile a warm service is called.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import uvloop

from bench.callers import burst
from bench.calls import callable_service
from bench.context import Context
from bench.figures import Aim, Figure, median, spread
from bench.files import put_many
from bench.platform import COPY, Platform, running, until
from statuette.adapters.clock_system import SystemClock
from statuette.adapters.ledger_sql import open_ledger
from statuette.adapters.store_s3 import Endpoint, S3Objects, SignedClient
from statuette.ports.intake import Arrival

TITLE = "Sweep over unchanged objects"
FOLDERS = 50
"""The objects lie in so many folders: the store is asked for each by itself."""
AT_REST = 86400
"""Seconds between sweeps that are not to be."""


@dataclass(slots=True)
class Found:
    """Seconds of passes; milliseconds of calls while there was one pass after another, and while there was none."""

    first: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    during: list[float] = field(default_factory=list)
    without: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Done:
    """What a platform has swept since its start."""

    passes: float
    seconds: float


def run(context: Context) -> list[Figure]:
    """Fill a bucket, note everything as seen, then take turns."""
    objects = context.count(20_000, 100_000)
    state = context.folder / "state"
    with running(state, sweep_every=str(AT_REST)) as platform:
        callable_service(platform)
        platform.deploy("swept", COPY, input=[])  # makes the bucket
        context.say(f"storing {objects:,} objects")
        put_many(platform.bucket("swept"), list(_keys(objects)), size=100)
        platform.deploy("watching", COPY, input=[{"storage_provider": "minio.default", "path": "swept/in"}])
        uvloop.run(_note_all(state, platform.store()))
    found = Found()
    for number in range(context.count(4, 8)):
        for sweeping in (True, False) if number % 2 == 0 else (False, True):
            _turn(state, found, objects=objects, sweeping=sweeping)
    return [
        Figure(name=f"first pass of a process over {objects:,} objects", value=median(found.first), unit="s"),
        Figure(
            name=f"each later pass over {objects:,} objects",
            value=median(found.again),
            unit="s",
            baseline=median(found.first),
            against="first pass",
            aim=Aim(most=5.0 * objects / 100_000),
        ),
        *spread(
            "warm calls, one caller, while it sweeps without a pause",
            found.during,
            baseline=found.without,
            against="no sweep",
            aims=(None, Aim(most=2.0, of="ratio")),
        ),
    ]


def _keys(objects: int) -> Iterator[str]:
    return (f"in/{number % FOLDERS:02}/{number:06}.png" for number in range(objects))


async def _note_all(state: Path, provider: dict[str, Any]) -> None:
    """Have the ledger know every object, without a job for each, and the input take them however old they are."""
    endpoint = Endpoint(
        url=provider["endpoint"], access_key=provider["access_key"], secret_key=provider["secret_key"], folders=True
    )
    client = SignedClient(endpoint)
    url = f"sqlite:///{state / 'ledger.db'}"
    async with open_ledger(url, key_file=state / "key", clock=SystemClock()) as ledger:
        [record] = [record for record in await ledger.services.all() if record.name == "watching"]
        [feed] = record.feeds
        async for page in S3Objects(endpoint, client).list(feed.bucket, feed.prefix):
            noted = [
                Arrival(
                    job=None, feed=feed.id, object_key=info.key, identities=(info.version.identity,),
                    modified=info.version.modified,
                )
                for info in await page.objects()
            ]  # fmt: skip
            await ledger.intake.accept(noted)
        taking = replace(record, feeds=(replace(feed, since=0),), revision=record.revision + 1)
        await ledger.services.replace(taking)
    await client.close()


def _turn(state: Path, found: Found, *, objects: int, sweeping: bool) -> None:
    """Start the platform, have its first pass, then calls for some seconds, with pass after pass or without."""
    with running(state, sweep_every="0.05" if sweeping else str(AT_REST)) as platform:
        service = until(lambda: _ready(platform, "call"), 60)
        url, headers = f"{platform.url}/run/call", [f"Authorization: Bearer {service['token']}"]
        first = until(lambda: _done(platform, objects, least=1), 300, every=0.01)
        found.first.append(first.seconds / first.passes)
        burst(url, calls=50, headers=headers)
        before = until(lambda: _done(platform, objects, least=1), 1)
        began = time.monotonic()
        calls = found.during if sweeping else found.without
        while time.monotonic() - began < 3:
            calls += burst(url, calls=50, headers=headers).milliseconds
        if sweeping:
            now = until(lambda: _done(platform, objects, least=before.passes + 1), 300)
            found.again.append((now.seconds - before.seconds) / (now.passes - before.passes))


def _ready(platform: Platform, name: str) -> dict[str, Any] | None:
    service: dict[str, Any] = platform.ask("GET", f"/system/services/{name}").json()
    return service if service["status"]["state"] == "ready" else None


def _done(platform: Platform, objects: int, *, least: float) -> Done | None:
    """What was swept, once it is so many passes. Raises when anything was taken for new."""
    told = platform.ask("GET", "/system/status").json()["statuette"]["sweep"]
    if told["recovered"] or told["failed"] or told["listed"] % objects:
        raise RuntimeError(f"not all objects were seen before, or some are not listed: {told}")
    done = Done(passes=told["listed"] / objects, seconds=told["seconds"])
    return done if done.passes >= least else None
