"""One platform's ordeal: deployed, fed and set on fire, left to work off the rest, ended, judged."""

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from statistics import median

from obstore.store import S3Store

from statuette.client import Client, ClientError
from statuette.client.models import StoreKeys
from statuette.events.jobs import FINAL
from statuette.torture import clock, history, tree
from statuette.torture.bucket import Failed, Stored, listed, looked_at, opened
from statuette.torture.chain import Chain
from statuette.torture.disk import LEAST_FREE, Disk
from statuette.torture.faults import Fire, Targets
from statuette.torture.feeding import Feeding
from statuette.torture.figures import Figures
from statuette.torture.judge import Evidence, judge
from statuette.torture.leftovers import Holdings, Places
from statuette.torture.news import News, Tail
from statuette.torture.options import ATTACHED, Options
from statuette.torture.platform import Platform, Stuck
from statuette.torture.schedule import Fault, rates_for, schedule
from statuette.torture.show import Show, View
from statuette.torture.store import OwnStore
from statuette.torture.uploads import Contents, plan, written_by_the_chain

log = logging.getLogger(__name__)

LOOK = 0.25
AFTER_START = 5.0
"""Seconds after which nothing of an earlier manager may be there any more."""
SWEEP_EVERY = 20
FED = 0.9
"""The part of the fire in which files are put; the rest of it hits what is under way."""
PATIENCE = 120.0
"""Seconds without progress, and none of them idle, after which the platform is stuck."""


@dataclass(frozen=True, slots=True)
class Share:
    """This platform's part of a torture."""

    store: str
    files: int
    seconds: float


class Ordeal:
    """Everything about one platform, its state on `disk` and the rest beside. `run` once."""

    def __init__(self, options: Options, share: Share, *, chain: Chain, disk: Disk, show: Show) -> None:
        self.figures = Figures(store=share.store, seconds=share.seconds, wanted=share.files)
        self._options = options
        self._share = share
        self._chain = chain
        self._show = show
        self._disk, folder = disk, disk.folder.parent
        if self._disk.why_not:
            self.figures.not_done.append(f"filling the disk, for {self._disk.why_not}")
        self.state = disk.folder / "state"
        self._clock = folder / "clock"
        self._store = OwnStore(disk.folder / "store") if share.store == ATTACHED else None
        self._ledger = options.ledger or f"sqlite:///{self.state / 'ledger.db'}"
        self._platform = Platform(self.state, clock=self._clock, log=folder / "manager.log", settings=self._settings)
        self._places = Places(self.state)
        self._news = News()
        self._tail = Tail(folder / "manager.log", self._news)
        targets = Targets(self._platform, self._places, self._disk, self._clock, self._ledger, self._store)
        self._fire = Fire(targets, seed=options.seed)
        self._backlog = 0
        self._phase = "starting"
        self._began = time.monotonic()

    @property
    def faults(self) -> list[Fault]:
        """The schedule."""
        rates = rates_for(proxied=self._store is not None, disk=self._disk.can_be_filled)
        return schedule(self._options.seed, seconds=self._share.seconds, rates=rates)

    async def run(self) -> Figures:
        """Go through all of it. Raises `Stuck`."""
        clock.move(self._clock, 0.0)
        try:
            if self._store:
                await self._store.start()
            await self._platform.up()
            async with self._platform.client() as client:
                await self._deploy(client)
                keys = (await client.system.config()).minio_provider
            await self._go_through(keys)
        finally:
            self._fire.put_right()
            await self._platform.abandon()
            if self._store:
                await self._store.stop()
        return self.figures

    async def _go_through(self, keys: StoreKeys) -> None:
        bucket, _, folder = self._chain.entry.partition("/")
        feeding = Feeding(
            lambda: opened(keys, bucket),
            folder,
            uploads=plan(self._options.seed, files=self._share.files, seconds=FED * self._share.seconds),
            contents=self._contents(),
        )
        looking = asyncio.create_task(self._keep_looking(feeding))
        try:
            await self._burn(feeding)
            await self._settle(keys, feeding)
        finally:
            await asyncio.to_thread(feeding.stop)
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
        await self._examine(keys, feeding)

    def _enter(self, phase: str) -> None:
        log.info("%s after %.1f s of %s", phase, time.monotonic() - self._began, self._phase)
        self._phase, self._began = phase, time.monotonic()

    async def _burn(self, feeding: Feeding) -> None:
        self._enter(f"fire, {self._share.store} store")
        self._news.begin()
        feeding.start()
        await self._fire.burn(self.faults, seconds=self._share.seconds)
        self.figures.seconds = time.monotonic() - self._began

    async def _settle(self, keys: StoreKeys, feeding: Feeding) -> None:
        """Wait until everything has been worked off, at most three times as long as the fire burnt."""
        self._enter(f"working off, {self._share.store} store")
        patience = max(PATIENCE, 3 * self._share.seconds)
        quiet_since = time.monotonic()
        while (now := time.monotonic()) - self._began < patience and now - max(self._news.last, self._began) < PATIENCE:
            if self._backlog or not feeding.done or not self._platform.ready:
                quiet_since = now
            elif now - quiet_since > 2 * SWEEP_EVERY or await asyncio.to_thread(self._complete, keys, feeding):
                break
            await asyncio.sleep(1.0)
        self.figures.settling = time.monotonic() - self._began
        self.figures.worst_gap = self._news.worst_gap

    async def _examine(self, keys: StoreKeys, feeding: Feeding) -> None:
        """End the platform, start it once more, and look at everything."""
        self._enter("ending it")
        await self._platform.down()
        self._look_at_leftovers("after the end")
        self._enter("starting it once more")
        await self._platform.up()
        await asyncio.sleep(AFTER_START)
        self._look_at_holdings()
        self._enter("examining jobs")
        told = await self._told()
        self._enter("examining buckets")
        inputs, outputs = await asyncio.to_thread(self._buckets, keys)
        self._enter("ending it again")
        await self._platform.down()
        self._enter("examining")
        self._look_at_leftovers("after the last end")
        self._tail.read()
        found = await asyncio.to_thread(history.read, self._ledger)
        self._collect(feeding, found)
        if found.leases:
            self.figures.left.append(f"{found.leases} leases")
        expected = self._expected(feeding, inputs)
        evidence = Evidence(self._chain.stages, found, feeding.journal, inputs, outputs, expected)
        self.figures.verdict = judge(evidence)
        self.figures.verdict.lost += _disagreements(told, found)
        self._enter("done")

    def _collect(self, feeding: Feeding, found: history.History) -> None:
        figures, states = self.figures, Counter(str(job.state) for job in found.jobs)
        figures.files, figures.upload_failures = feeding.journal.count, feeding.journal.failures
        figures.jobs, figures.superseded = states["published"], states["superseded"]
        figures.delivered, figures.recovered = self._fire.delivered, self._news.recovered
        figures.faults_told = self._news.broken
        course = self._platform.course
        figures.start = median(course.took) if course.took else 0.0
        figures.restarts, figures.fell, figures.refused = course.starts - 1, course.fell, course.refused

    def _look_at_leftovers(self, when: str) -> None:
        tree.bury(tree.adopted(self._places.own))
        self.figures.left += [f"{when}: {line}" for line in self._places.after_the_end()]

    def _look_at_holdings(self) -> None:
        """What killed managers held has to be gone some time after the next one's start."""
        held, self._fire.held = self._fire.held, Holdings()
        self.figures.left += [f"{AFTER_START:.0f} s after a start: {line}" for line in held.still_there()]

    async def _keep_looking(self, feeding: Feeding) -> None:
        """Housekeeping of our own, and the show."""
        turn = 0
        while True:
            await asyncio.sleep(LOOK)
            turn += 1
            self._places.own = {pid for pid in (self._store.pid if self._store else None,) if pid}
            tree.bury(tree.adopted(self._places.own | {self._platform.pid or 0}))
            self._tail.read()
            if turn % 4 == 0:
                await self._ask_for_the_backlog()
            self._news.pause(idle=self._backlog == 0)
            calm_since = max(self._platform.ready_since, self._fire.calm_since)
            if self._platform.ready and time.monotonic() - calm_since > AFTER_START:
                self._look_at_holdings()
            self._show.view(self._view(feeding))

    async def _ask_for_the_backlog(self) -> None:
        if not self._platform.ready:
            return
        with suppress(ClientError, OSError, ValueError):
            async with asyncio.timeout(3), self._platform.client() as client:
                status = (await client.system.status()).statuette
                self._backlog = sum(sum(counts.values()) for counts in status.get("backlog", {}).values())

    def _view(self, feeding: Feeding) -> View:
        fire = self._phase.startswith("fire")
        done = self._news.states["published"]
        part = (
            (time.monotonic() - self._began) / self._share.seconds
            if fire
            else 1 - min(1.0, self._backlog / max(1, done))
        )
        struck = Counter[str]()
        for (kind, which), count in self._fire.delivered.items():
            struck[f"{kind} {which}"] = count
        figures = {
            "files": f"{feeding.journal.count:,}/{self._share.files:,}",
            "jobs done": f"{done:,}",
            "backlog": f"{self._backlog:,}",
            "recovered": f"{self._news.recovered:,}",
            "longest pause": f"{self._news.worst_gap:.0f} s",
            **{name: str(count) for name, count in sorted(struck.items())},
        }
        return View(self._phase, min(1.0, part), figures)

    async def _deploy(self, client: Client) -> None:
        for definition in self._chain.definitions:
            await client.services.apply(definition)
        for stage in self._chain.stages:
            while (status := (await client.services.get(stage.name)).status).state != "ready":
                if status.state == "failed":
                    raise Stuck(f"{stage.name} cannot be prepared: {status.detail}")
                await asyncio.sleep(LOOK)

    async def _told(self) -> dict[str, str]:
        """Every job's state as the API tells it."""
        told: dict[str, str] = {}
        async with self._platform.client() as client:
            for stage in self._chain.stages:
                async for name, job in client.jobs.all(stage.name):
                    told[name] = job.state
        return told

    def _buckets(self, keys: StoreKeys) -> tuple[dict[str, list[Stored]], dict[str, list[Stored]]]:
        stop = threading.Event()
        made = {path for stage in self._chain.stages for path in stage.outputs}
        outputs = {path: looked_at(_bucket(keys, path), listed(_bucket(keys, path), path), stop=stop) for path in made}
        inputs = {path for stage in self._chain.stages for path in stage.inputs}
        return {path: outputs.get(path) or list(listed(_bucket(keys, path), path)) for path in inputs}, outputs

    def _contents(self) -> Contents:
        return Contents(self._options.seed, tuple(path.read_bytes() for path in self._options.inputs))

    def _expected(self, feeding: Feeding, inputs: Mapping[str, list[Stored]]) -> dict[str, str]:
        """The SHA-256 of each final output, where it can be computed."""
        if not self._chain.computable:
            return {}
        contents, target = self._contents(), self._chain.stages[-1].outputs[0]
        expected = {}
        for found in inputs[self._chain.entry]:
            known = feeding.journal.contents.get(found.etag)
            if known:
                result = written_by_the_chain(contents.of(known[0], number=known[1]), services=len(self._chain.stages))
                expected[f"{target}/{found.place.rpartition('/')[2]}"] = sha256(result).hexdigest()
        return expected

    def _complete(self, keys: StoreKeys, feeding: Feeding) -> bool:
        """Whether as many results are there as keys were put; whether they are right is looked at later."""
        if not self._chain.computable:
            return False
        target = self._chain.stages[-1].outputs[0]
        try:
            there = sum(1 for _ in listed(_bucket(keys, target), target))
        except Failed:
            return False
        return there >= len(feeding.journal.acknowledged)

    def _settings(self) -> dict[str, str]:
        settings = {"sweep_every": str(SWEEP_EVERY), "grace": "20"}
        if self._disk.can_be_filled:
            settings["least_free"] = str(LEAST_FREE)
        if self._options.supervisor:
            settings["supervisor"] = self._options.supervisor
        if self._options.ledger:
            settings["ledger"] = self._options.ledger
        return settings | dict(self._store.settings() if self._store else {})


def _bucket(keys: StoreKeys, path: str) -> S3Store:
    return opened(keys, path.partition("/")[0])


def _disagreements(told: Mapping[str, str], found: history.History) -> list[str]:
    """What the API called ended has to stand in the ledger so; jobs that were still under way went on."""
    kept = {job.id: str(job.state) for job in found.jobs}
    final = {str(state) for state in FINAL}
    return [
        f"{job}: the API said {state}, the ledger says {kept.get(job)}"
        for job, state in told.items()
        if state in final and kept.get(job) != state
    ]
