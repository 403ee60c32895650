"""Services: deploy, update, remove, show.

A deployment checks everything before it makes anything; what it has made when a later step fails is taken back. Once
the ledger holds the record the service exists; its environment is made afterwards, in the background, and told in its
status.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace

from statuette.core import deployment
from statuette.core.access import check_change, check_deploy, may_see
from statuette.core.calls import CallBoard
from statuette.core.catalog import Catalog, Condition, buckets_of
from statuette.core.changes import LOOK, Changes
from statuette.core.loops import check_loops
from statuette.core.managers import Managers, Several
from statuette.core.orders import environment_of
from statuette.core.ownership import Ownership
from statuette.core.roster import Roster
from statuette.core.sweep import Sweep
from statuette.events.jobs import Job
from statuette.events.principals import Principal
from statuette.ports.backend import Backend, Preparation, Progress
from statuette.ports.buckets import Buckets
from statuette.ports.clock import Clock
from statuette.ports.errors import BadInput, Conflict, Fault, Forbidden, NotFound, Unavailable
from statuette.ports.objects import Objects
from statuette.ports.services import Readiness, ServiceLedger, ServiceRecord
from statuette.ports.store_events import StoreEvents
from statuette.ports.store_keys import StoreKeys
from statuette.spec import Service, blank_secrets, keep_secrets, redacted

log = logging.getLogger(__name__)

LONGEST_PAUSE = 300.0
"""Seconds between two tries to make an environment, doubled from one."""


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A service as a caller may see it: `wire` is ready to be sent, in the contract's order, with our `status` last."""

    wire: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What `Services` stands on."""

    ledger: ServiceLedger
    catalog: Catalog
    ownership: Ownership
    buckets: Buckets
    objects: Objects
    keys: StoreKeys
    events: StoreEvents | None
    backend: Backend
    sweep: Sweep
    board: CallBoard
    roster: Roster
    clock: Clock
    managers: Managers
    changed: Callable[[], None]
    withdraw: Callable[[str], None]
    namespace: str
    resolve: deployment.Resolve = deployment.resolve


class Services:
    """The services of this cluster."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._preparing: dict[str, asyncio.Task[None]] = {}
        self._sweeps: set[asyncio.Task[None]] = set()
        self._one_at_a_time = asyncio.Lock()
        self._changes = self._changes_of(around.managers.several)

    def _changes_of(self, several: Several | None) -> Changes | None:
        if several is None:
            return None
        catalog, ownership = self._around.catalog, self._around.ownership
        return Changes(several.changes, catalog=catalog, ownership=ownership, stand=self._learn, let_go=self._let_go)

    async def load(self) -> None:
        """Take over what the ledger holds; once, at start."""
        for record in await self._around.ledger.all():
            self._stand(record)

    async def follow(self) -> None:
        """Take over what other managers change, until cancelled; returns at once where there are none."""
        while self._changes is not None:
            await self._around.clock.sleep(LOOK)
            try:
                async with self._one_at_a_time:
                    await self._look()
            except Unavailable as fault:
                log.warning("changes cannot be looked at: %s", fault, extra={"action": "follow"})

    async def withdraw_of_gone(self, jobs: Iterable[Job]) -> None:
        """Withdraw what is left of services that are no more, wherever they were removed."""
        for service, incarnation in {(job.service, job.incarnation) for job in jobs}:
            if not await self._around.managers.lives(service, incarnation):
                await self._around.ledger.remove(service, incarnation=incarnation)

    async def create(self, caller: Principal, definition: Mapping[str, object]) -> None:
        """Deploy a new service.

        Raises `BadInput` with every wrong field, `Conflict` when the name is taken, `Forbidden` for buckets of
        others. Then nothing is left.
        """
        check_deploy(caller)
        read = await self._checked(definition)
        async with self._turn():
            if self._around.catalog.find(read.name):
                raise Conflict(f"there is a service {read.name!r} already; update it, or take another name")
            since = await self._store_time()
            record = deployment.first_record(read, owner=caller, now=self._around.clock.wall(), since=since)
            await self._settle(caller, record, None)

    async def update(self, caller: Principal, definition: Mapping[str, object]) -> None:
        """Replace a service's definition; running work is finished by the revision it began with. Raises as `create`,
        and `NotFound`.
        """
        check_deploy(caller)
        read = await self._checked(definition)
        async with self._turn():
            old = self._around.catalog.get(read.name)
            check_change(caller, old)
            read = keep_secrets(read, old.secrets)
            record = deployment.next_record(old, read, now=self._around.clock.wall(), since=await self._store_time())
            await self._settle(caller, record, old)

    async def remove(self, caller: Principal, name: str, *, purge: bool = False) -> None:
        """Remove a service and end what it runs.

        Its buckets stay, unless `purge`: then those that no other service uses and that are its owner's are emptied and
        deleted.
        """
        around = self._around
        async with self._turn():
            record = around.catalog.get(name)
            check_change(caller, record)
            await around.ledger.remove(name, incarnation=record.incarnation)
            self._let_go(record)
            if purge:
                for bucket in sorted(buckets_of(record)):
                    await self._purge(caller, bucket, owner=record.owner)

    def get(self, caller: Principal, name: str) -> ServiceView:
        """Raises `NotFound`, `Forbidden`."""
        record = self._around.catalog.get(name)
        if not may_see(caller, record):
            raise Forbidden(f"the service {name} is not yours to see")
        return self._view(caller, record)

    def all(self, caller: Principal) -> list[ServiceView]:
        """The services that the caller may see, by name."""
        records = sorted(self._around.catalog.all(), key=lambda record: record.name)
        return [self._view(caller, record) for record in records if may_see(caller, record)]

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One change at a time, over all managers, upon what the others have made."""
        async with self._one_at_a_time, self._around.managers.deploying():
            await self._look()
            yield

    async def _look(self) -> None:
        if self._changes is not None:
            for record in await self._changes.look():
                # What this manager accepted for it after it was removed elsewhere.
                await self._around.ledger.remove(record.name, incarnation=record.incarnation)

    def _learn(self, record: ServiceRecord, old: ServiceRecord | None) -> None:
        """Take over what another manager deployed. What came before this one knew it, the watcher's sweep finds."""
        self._stand(record)
        if self._around.managers.is_watching:
            for feed in deployment.new_feeds(record, old):
                task = asyncio.create_task(self._sweep_soon(feed.id), name=f"sweep for {record.name}")
                self._sweeps.add(task)
                task.add_done_callback(self._sweeps.discard)

    def _let_go(self, record: ServiceRecord) -> None:
        """Forget a service that is no more and end what it runs here."""
        around, name = self._around, record.name
        around.catalog.drop(name)
        around.board.drop_service(name, f"the service {name} was removed")
        around.withdraw(name)
        around.roster.dismiss_service(name)
        if (task := self._preparing.pop(name, None)) is not None:
            task.cancel()

    async def close(self) -> None:
        """End the background work."""
        tasks = [*self._preparing.values(), *self._sweeps]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _checked(self, definition: Mapping[str, object]) -> Service:
        read = deployment.read_definition(definition)
        deployment.check_providers(read)
        deployment.check_size(read, self._around.backend.capacity())
        await deployment.check_endpoints(read, self._around.resolve)
        return read

    async def _settle(self, caller: Principal, record: ServiceRecord, old: ServiceRecord | None) -> None:
        """The common end of create and update: buckets, environment, ledger, catalog; taken back on any failure."""
        around = self._around
        check_loops(record.definition, around.catalog)
        deployment.check_buckets(caller, record, around.ownership)
        record = self._completed(record)
        await self._check_environment(record)
        async with AsyncExitStack() as undo:
            await self._take_buckets(record, undo)
            await deployment.check_overwriting(record.definition, around.buckets)
            for feed in deployment.new_feeds(record, old):
                if feed.since:
                    await around.sweep.leave_alone(feed)
            await (around.ledger.add(record) if old is None else around.ledger.replace(record))
            undo.pop_all()
        self._stand(record)
        for feed in deployment.new_feeds(record, old):
            if not feed.since:
                await self._sweep_soon(feed.id)

    def _completed(self, record: ServiceRecord) -> ServiceRecord:
        definition = deployment.completed(
            record.definition,
            address=self._around.keys.address(),
            owner=record.owner,
            namespace=self._around.namespace,
        )
        blank, kept = blank_secrets(definition)
        return replace(record, definition=blank, secrets=kept)

    async def _take_buckets(self, record: ServiceRecord, undo: AsyncExitStack) -> None:
        """Make the buckets that are not there and claim those that nobody owns; `undo` takes all that back."""
        around = self._around
        for bucket in sorted(buckets_of(record)):
            if await around.buckets.create(bucket):
                undo.push_async_callback(self._take_back, around.buckets.remove, bucket)
            if not around.ownership.owner(bucket):
                undo.push_async_callback(self._take_back, around.ownership.release, bucket)
                await around.ownership.claim(bucket, record.owner)

    async def _take_back(self, step: Callable[[str], Awaitable[None]], bucket: str) -> None:
        """Undo one step of a deployment that failed; what cannot be undone is told in the log."""
        try:
            await step(bucket)
        except Fault as fault:
            log.warning("a step cannot be undone: %s", fault, extra={"action": "deploy", "bucket": bucket})

    async def _check_environment(self, record: ServiceRecord) -> None:
        """Raises `BadInput` at once for what can never be had here; the rest is made in the background."""
        steps = self._around.backend.prepare(environment_of(record))
        try:
            await anext(steps)
        except StopAsyncIteration:
            return
        except Unavailable as fault:
            log.info("the environment has to be tried again: %s", fault, extra={"action": "prepare"})
        finally:
            await steps.aclose()

    def _stand(self, record: ServiceRecord) -> None:
        """Put a service into the catalog and have its environment made."""
        self._around.catalog.put(record)
        self._around.roster.dismiss_service(record.name)
        if (before := self._preparing.pop(record.name, None)) is not None:
            before.cancel()
        task = asyncio.create_task(self._prepare(record), name=f"prepare {record.name}")
        self._preparing[record.name] = task

    async def _prepare(self, record: ServiceRecord) -> None:
        """Make the environment, again and again while that may help."""
        around = self._around
        pause = 1.0
        while True:
            try:
                async for progress in around.backend.prepare(environment_of(record)):
                    around.catalog.set_condition(record, _condition(progress))
                break
            except BadInput as fault:
                around.catalog.set_condition(record, Condition(Readiness.FAILED, str(fault)))
                log.warning(
                    "an environment cannot be made: %s", fault, extra={"action": "prepare", "service": record.name}
                )
                return
            except Unavailable as fault:
                around.catalog.set_condition(record, Condition(Readiness.PREPARING, f"{fault}; trying again"))
                await around.clock.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        around.catalog.set_condition(record, Condition(Readiness.READY))
        around.changed()

    async def _sweep_soon(self, feed_id: str) -> None:
        """Have what lies in a new input already processed (`process_existing`)."""
        for feed in self._around.catalog.feeds():
            if feed.id == feed_id:
                try:
                    await self._around.sweep.one(feed)
                except Fault as fault:
                    log.warning("an input waits for the next sweep: %s", fault, extra={"action": "sweep"})

    async def _purge(self, caller: Principal, bucket: str, *, owner: str) -> None:
        """Empty and delete a bucket that no service uses any more and that was the service owner's own."""
        around = self._around
        if around.catalog.users_of_bucket(bucket) or around.ownership.owner(bucket) not in ("", owner):
            return
        with suppress(NotFound):
            async for page in around.objects.list(bucket, ""):
                await around.objects.remove(bucket, [info.key for info in await page.objects()])
        await around.buckets.remove(bucket)
        await around.ownership.release(bucket)
        log.info("bucket purged", extra={"action": "purge", "bucket": bucket, "principal": caller.id})

    async def _store_time(self) -> int:
        """The store's clock in whole seconds, or ours where the store does not tell it."""
        events = self._around.events
        return int(self._around.clock.wall()) if events is None else (await events.now()) // 10**9

    def _view(self, caller: Principal, record: ServiceRecord) -> ServiceView:
        definition = record.definition.model_copy(update={"token": record.token})
        try:
            check_change(caller, record)
        except Forbidden:
            definition = redacted(definition)
        condition = self._around.catalog.condition(record.name)
        status = {"state": str(condition.readiness), "detail": condition.detail, "revision": record.revision}
        return ServiceView(definition.wire() | {"status": status})


def _condition(progress: Progress) -> Condition:
    if progress.step is Preparation.READY:
        return Condition(Readiness.READY)
    return Condition(Readiness.PREPARING, progress.text)
