"""Joins the parts of the core to each other: from plugs in, a running core out."""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from statuette.core.calls import CallBoard, Calls
from statuette.core.catalog import Catalog
from statuette.core.claims import Claims
from statuette.core.commits import CommitMarks
from statuette.core.disk import DiskWatch
from statuette.core.dispatch import Dispatch
from statuette.core.fleet import BREATH, Fleet
from statuette.core.intake import Intake
from statuette.core.jobs import Jobs
from statuette.core.ownership import Ownership
from statuette.core.platform import About, Parts, Platform
from statuette.core.reading import BodyLimits, Reading
from statuette.core.roster import Hints, Roster
from statuette.core.sealed import SealedNeeds
from statuette.core.services import Services, Surroundings
from statuette.core.submissions import Submissions
from statuette.core.sweep import Sweep
from statuette.core.watch import Watch
from statuette.ports.backend import Backend
from statuette.ports.bodies import Bodies
from statuette.ports.buckets import Buckets
from statuette.ports.clock import Clock
from statuette.ports.errors import Unavailable
from statuette.ports.intake import IntakeLedger
from statuette.ports.jobs import JobLedger
from statuette.ports.logs import Logs
from statuette.ports.objects import Objects
from statuette.ports.queue import QueueLedger
from statuette.ports.services import ServiceLedger
from statuette.ports.store_events import StoreEvents
from statuette.ports.store_keys import StoreKeys
from statuette.ports.supervision import Supervision
from statuette.ports.vault import Vault

log = logging.getLogger(__name__)

LEASES_LOOK = 10.0
"""Seconds between two looks for leases that have run out."""
_MARK_KEY = "commit-mark-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugs:
    """What the core is plugged into. `store_state` and `free_bytes` are asked for status and before work is handed
    out.
    """

    intake: IntakeLedger
    queue: QueueLedger
    jobs: JobLedger
    services: ServiceLedger
    vault: Vault
    objects: Objects
    buckets: Buckets
    events: StoreEvents | None
    keys: StoreKeys
    backend: Backend
    logs: Logs
    bodies: Bodies
    clock: Clock
    store_state: Callable[[], Mapping[str, object]]
    free_bytes: Callable[[], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The core's own settings: bytes and seconds."""

    about: About
    sweep_every: float = 300.0
    least_free_bytes: int = 512 * 2**20
    call_queue: int = 100
    largest_job_body: int = 2**30
    largest_call_body: int = 256 * 2**20
    breath: float = BREATH
    most_hops: int = 100
    """Services in a row after which an output starts nothing more."""
    sole_manager: bool = True
    """No other manager works on this ledger, so at start every lease is a dead one's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What the doors see, and what `main` runs."""

    services: Services
    submissions: Submissions
    calls: Calls
    jobs: Jobs
    platform: Platform
    dispatch: Dispatch
    catalog: Catalog
    fleet: Fleet
    watch: Watch
    sealed: SealedNeeds
    plugs: Plugs
    settings: Settings

    async def start(self) -> None:
        """Take back what the manager before held; once, before `run`."""
        await self.plugs.backend.recover()
        for job in await self.plugs.queue.expire(everything=self.settings.sole_manager):
            log.info("job taken back", extra={"action": "recover", "job": job.id, "state": job.state})
        await self.services.load()

    async def run(self, supervision: Supervision, publishing: Callable[[], "asyncio._CoroutineLike[None]"]) -> None:
        """Do the platform's work until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.watch.run(), name="watch")
                group.create_task(self.fleet.run(supervision), name="fleet")
                group.create_task(publishing(), name="publishing")
                group.create_task(self._take_back(), name="leases")
        finally:
            await self.services.close()

    async def _take_back(self) -> None:
        """Queue again, for as long as the platform works, what leases that ran out have left behind."""
        while True:
            await self.plugs.clock.sleep(LEASES_LOOK)
            try:
                jobs = await self.plugs.queue.expire()
            except Unavailable as fault:
                log.warning("leases cannot be looked at: %s", fault, extra={"action": "expire"})
                continue
            for job in jobs:
                log.warning("a lease ran out", extra={"action": "expire", "job": job.id, "state": job.state})
            self.fleet.wake(Counter(job.service for job in jobs))

    async def drain(self, grace: float) -> None:
        """Hand out no more work and give what runs `grace` seconds to be finished."""
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self.fleet.drained()


async def assemble(plugs: Plugs, settings: Settings) -> Core:
    """Build the core over its plugs. Raises `LedgerUnavailable`."""
    catalog, hints, clock = Catalog(), Hints(), plugs.clock
    roster, board = Roster(hints), CallBoard(limit=settings.call_queue)
    disk = DiskWatch(free=plugs.free_bytes, least=settings.least_free_bytes, clock=clock)
    marks, ownership = CommitMarks(await _mark_key(plugs.vault)), Ownership(plugs.vault)
    await ownership.load()
    fleet = Fleet(
        backend=plugs.backend, jobs=plugs.jobs, catalog=catalog, board=board, roster=roster, clock=clock,
        may_lease=disk.may_lease, breath=settings.breath,
    )  # fmt: skip
    dispatch = Dispatch(
        queue=plugs.queue, jobs=plugs.jobs, catalog=catalog, board=board, roster=roster, marks=marks,
        bodies=plugs.bodies, clock=clock, may_lease=disk.may_lease, most_hops=settings.most_hops,
        changed=fleet.changed, freed=fleet.freed,
    )  # fmt: skip
    intake = Intake(ledger=plugs.intake, catalog=catalog, marks=marks, clock=clock, wake=fleet.wake)
    sweep = Sweep(objects=plugs.objects, ledger=plugs.intake, intake=intake, catalog=catalog, clock=clock)
    watch = Watch(
        events=plugs.events,
        ledger=plugs.intake,
        intake=intake,
        sweep=sweep,
        clock=clock,
        sweep_every=settings.sweep_every,
    )
    claims = Claims(objects=plugs.objects, ownership=ownership)
    services = Services(
        Surroundings(
            ledger=plugs.services, catalog=catalog, ownership=ownership, buckets=plugs.buckets, objects=plugs.objects,
            keys=plugs.keys, events=plugs.events, backend=plugs.backend, sweep=sweep, board=board, roster=roster,
            clock=clock, changed=fleet.changed, withdraw=dispatch.withdraw,
            namespace=settings.about.namespace,
        )
    )  # fmt: skip
    parts = Parts(
        catalog=catalog, fleet=fleet, roster=roster, watch=watch, sweep=sweep, backend=plugs.backend, keys=plugs.keys,
        disk=disk, clock=clock, store=plugs.store_state,
    )  # fmt: skip
    return Core(
        services=services,
        submissions=Submissions(
            ledger=plugs.intake, catalog=catalog, claims=claims, clock=clock, wake=fleet.wake,
            reading=Reading(bodies=plugs.bodies, clock=clock, limits=BodyLimits(settings.largest_job_body)),
        ),
        calls=Calls(
            board=board, catalog=catalog, claims=claims, clock=clock, summon=fleet.summon,
            reading=Reading(bodies=plugs.bodies, clock=clock, limits=BodyLimits(settings.largest_call_body)),
        ),
        jobs=Jobs(ledger=plugs.jobs, catalog=catalog, logs=plugs.logs, bodies=plugs.bodies, clock=clock),
        platform=Platform(settings.about, parts),
        settings=settings,
        dispatch=dispatch, catalog=catalog, fleet=fleet, watch=watch, plugs=plugs,
        sealed=SealedNeeds(plugs.jobs),
    )  # fmt: skip


async def _mark_key(vault: Vault) -> bytes:
    """The platform's key for commit marks, made at first need."""
    kept = await vault.read(_MARK_KEY)
    if kept is None:
        kept = secrets.token_hex(32)
        await vault.write(_MARK_KEY, kept)
    return bytes.fromhex(kept)
