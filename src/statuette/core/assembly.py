"""Joins the parts of the core to each other: from plugs in, a running core out."""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from statuette.core.calls import CallBoard, Calls
from statuette.core.catalog import Catalog
from statuette.core.claims import Claims
from statuette.core.commits import CommitMarks
from statuette.core.disk import DiskWatch
from statuette.core.dispatch import LEASE_TTL, Dispatch
from statuette.core.fleet import BREATH, Fleet
from statuette.core.intake import Intake
from statuette.core.jobs import Jobs
from statuette.core.letters import Letters
from statuette.core.managers import Managers, Several
from statuette.core.ownership import Ownership
from statuette.core.platform import About, Parts, Platform
from statuette.core.pruning import Keep, Pruning
from statuette.core.reading import BodyLimits, Reading
from statuette.core.remains import Remains
from statuette.core.remote import Remote
from statuette.core.replay import Replay
from statuette.core.roster import Hints, Roster
from statuette.core.services import Services, Surroundings
from statuette.core.sight import Sight
from statuette.core.submissions import Submissions
from statuette.core.sweep import Sweep
from statuette.core.sweeping import Sweeping
from statuette.core.watch import Watch
from statuette.ports.backend import Backend
from statuette.ports.bodies import Bodies
from statuette.ports.buckets import Buckets
from statuette.ports.clock import Clock
from statuette.ports.errors import Unavailable
from statuette.ports.intake import IntakeLedger
from statuette.ports.interventions import Interventions
from statuette.ports.jobs import JobLedger
from statuette.ports.logs import Logs
from statuette.ports.objects import Objects
from statuette.ports.presigning import Presign
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
class Afar:
    """What supervisors in processes of their own need: addresses in the store, a folder of ours for calls' answers."""

    presign: Presign
    answers: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugs:
    """What the core is plugged into. `store_state` and `free_bytes` are asked for status and before work is handed
    out. Without `afar` every supervisor is a task of this process.
    """

    intake: IntakeLedger
    queue: QueueLedger
    jobs: JobLedger
    interventions: Interventions
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
    several: Several | None = None
    """Other managers may work on this ledger; None: every lease that is found at start is a dead one's."""
    afar: Afar | None = None


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
    keep: Keep = Keep()
    most_hops: int = 100
    """Services in a row after which an output starts nothing more."""
    lease_ttl: float = LEASE_TTL
    duty_ttl: float = 10.0
    """Seconds after which another manager takes over what a dead one did for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What the doors see, and what `main` runs."""

    services: Services
    submissions: Submissions
    calls: Calls
    jobs: Jobs
    letters: Letters
    replay: Replay
    sweeping: Sweeping
    platform: Platform
    dispatch: Dispatch
    remote: Remote | None
    catalog: Catalog
    fleet: Fleet
    watch: Watch
    pruning: Pruning
    managers: Managers
    plugs: Plugs
    settings: Settings

    async def start(self) -> None:
        """Take back what the manager before held; once, before `run`."""
        await self.plugs.backend.recover()
        home = self.managers.home
        for job in await self.plugs.queue.expire(everything=not home, home=home):
            log.info("job taken back", extra={"action": "recover", "job": job.id, "state": job.state})
        await self.services.load()

    async def run(self, supervision: Supervision, publishing: Callable[[], "asyncio._CoroutineLike[None]"]) -> None:
        """Do the platform's work until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.managers.be_present(), name="presence")
                group.create_task(self.managers.watch(self._for_all), name="watch")
                group.create_task(self.services.follow(), name="changes")
                group.create_task(self.fleet.run(supervision), name="fleet")
                group.create_task(publishing(), name="publishing")
                group.create_task(self._take_back(), name="leases")
        finally:
            await self.services.close()

    async def _for_all(self) -> None:
        """What one of several managers does for all; a second one beside it for a moment does no harm."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.watch.run(), name="following")
            group.create_task(self.pruning.run(), name="pruning")

    async def _take_back(self) -> None:
        """Queue again, for as long as the platform works, what leases that ran out have left behind."""
        while True:
            await self.plugs.clock.sleep(min(LEASES_LOOK, self.settings.lease_ttl / 3))
            try:
                jobs = await self.plugs.queue.expire()
                await self.services.withdraw_of_gone(jobs)
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
    managers = Managers(plugs.several, catalog=catalog, ttl=settings.duty_ttl, clock=clock)
    marks, ownership = CommitMarks(await _mark_key(plugs.vault)), Ownership(plugs.vault)
    await ownership.load()
    fleet = Fleet(
        backend=plugs.backend, jobs=plugs.jobs, catalog=catalog, board=board, roster=roster, clock=clock,
        may_lease=disk.may_lease, breath=settings.breath, home=managers.home,
    )  # fmt: skip
    dispatch = Dispatch(
        queue=plugs.queue, jobs=plugs.jobs, catalog=catalog, board=board, roster=roster, marks=marks,
        bodies=plugs.bodies, clock=clock, may_lease=lambda: disk.may_lease() and _has_store(plugs),
        most_hops=settings.most_hops,
        changed=fleet.changed, freed=fleet.freed, logs=plugs.logs, managers=managers, lease_ttl=settings.lease_ttl,
    )  # fmt: skip
    fleet.remote = _remote(plugs, dispatch, ttl=settings.lease_ttl)
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
            clock=clock, managers=managers, changed=fleet.changed, withdraw=dispatch.withdraw,
            namespace=settings.about.namespace,
        )
    )  # fmt: skip
    sight = Sight(ledger=plugs.jobs, catalog=catalog)
    remains = Remains(logs=plugs.logs, bodies=plugs.bodies)
    parts = Parts(
        catalog=catalog, fleet=fleet, roster=roster, managers=managers, watch=watch, sweep=sweep,
        backend=plugs.backend, keys=plugs.keys,
        disk=disk, clock=clock, store=plugs.store_state,
    )  # fmt: skip
    return Core(
        services=services,
        submissions=Submissions(
            ledger=plugs.intake, catalog=catalog, claims=claims, clock=clock, wake=fleet.wake,
            reading=Reading(
                bodies=plugs.bodies, clock=clock, limits=BodyLimits(settings.largest_job_body), shared=True
            ),
        ),
        calls=Calls(
            board=board, catalog=catalog, claims=claims, clock=clock, summon=fleet.summon,
            reading=Reading(bodies=plugs.bodies, clock=clock, limits=BodyLimits(settings.largest_call_body)),
        ),
        jobs=Jobs(
            ledger=plugs.jobs, interventions=plugs.interventions, sight=sight, logs=plugs.logs, remains=remains,
            clock=clock, withdraw=dispatch.withdraw_job, home=managers.home,
        ),
        letters=Letters(
            ledger=plugs.jobs, interventions=plugs.interventions, sight=sight, remains=remains, wake=fleet.wake
        ),
        replay=Replay(objects=plugs.objects, intake=intake, catalog=catalog),
        sweeping=Sweeping(sweep=sweep, catalog=catalog),
        pruning=Pruning(interventions=plugs.interventions, remains=remains, clock=clock, keep=settings.keep),
        platform=Platform(settings.about, parts),
        settings=settings,
        dispatch=dispatch, remote=fleet.remote, catalog=catalog, fleet=fleet, watch=watch, managers=managers,
        plugs=plugs,
    )  # fmt: skip


def _has_store(plugs: Plugs) -> bool:
    """Whether the store is there, as far as is known: a job leased without it has an attempt and a wait for nothing."""
    return plugs.store_state().get("state") not in ("starting", "down")


def _remote(plugs: Plugs, dispatch: Dispatch, *, ttl: float) -> Remote | None:
    if plugs.afar is None:
        return None
    return Remote(
        work=dispatch, presign=plugs.afar.presign, logs=plugs.logs, clock=plugs.clock, answers=plugs.afar.answers,
        ttl=ttl,
    )  # fmt: skip


async def _mark_key(vault: Vault) -> bytes:
    """The platform's key for commit marks, made at first need."""
    kept = await vault.read(_MARK_KEY)
    if kept is None:
        made = secrets.token_hex(32)
        kept = made if await vault.add(_MARK_KEY, made) else await vault.read(_MARK_KEY)
    return bytes.fromhex(kept or "")
