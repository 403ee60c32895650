"""What the ledger's contract suites share: the house they are run in, and makers of arrivals, leases and services."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from statuette.events.event import Event, EventKind
from statuette.events.feeds import Feed
from statuette.events.jobs import Job, NewJob, Outcome, Retries, Stage
from statuette.events.leases import Lease, Manifest, ManifestEntry, Report
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.ports.duties import Duties
from statuette.ports.intake import Arrival, IntakeLedger
from statuette.ports.interventions import Interventions
from statuette.ports.jobs import JobLedger
from statuette.ports.queue import QueueLedger
from statuette.ports.services import ServiceChanges, ServiceLedger, ServiceRecord
from statuette.ports.vault import Vault
from statuette.spec import Service
from statuette.testing.clock import VirtualClock

NOW = 1_750_000_000.0
"""When every test begins, by the wall clock in seconds."""


class Ledger(Protocol):
    """The ports of one ledger."""

    @property
    def intake(self) -> IntakeLedger: ...
    @property
    def queue(self) -> QueueLedger: ...
    @property
    def jobs(self) -> JobLedger: ...
    @property
    def interventions(self) -> Interventions: ...
    @property
    def duties(self) -> Duties: ...
    @property
    def services(self) -> ServiceLedger: ...
    @property
    def vault(self) -> Vault: ...
    @property
    def changes(self) -> ServiceChanges: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A ledger under test, its clock, and how to let leases of so many seconds run out.

    The lease clock may be the database's own, which no test can turn.
    """

    ledger: Ledger
    clock: VirtualClock
    outlast: Callable[[float], Awaitable[None]]
    seconds: float = 60.0
    """A lease's length in this house: short where time is real."""

    async def accept(self, *arrivals: Arrival) -> list[str]:
        """Accept, and give the ids of the jobs that stand."""
        return [accepted.job for accepted in await self.ledger.intake.accept(arrivals)]

    async def lease(self, service: str = "reader", *, limit: int = 1, runner: str = "r1") -> list[Job]:
        """Lease with what most tests do not care about."""
        return await self.ledger.queue.lease(
            service, runner=runner, limit=limit, ttl=self.seconds, revision=1, script_hash="cafe"
        )

    async def run_lease(self, lease: Lease) -> Job:
        """Report that a lease's attempt was published."""
        return await self.ledger.queue.report(lease, Report(outcome=Outcome.PUBLISHED))

    async def run(self, job: Job, outcome: Outcome = Outcome.PUBLISHED, *, exit_code: int = 0) -> Job:
        """Report a leased job's outcome."""
        return await self.ledger.queue.report(lease_of(job), Report(outcome=outcome, exit_code=exit_code))


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The choices of a made job; whatever a test does not care about has a value here."""

    key: str = ""
    service: str = "reader"
    incarnation: str = "life-1"
    name: str = "in/a.png"
    principal: str = "alice"
    lane: str = ""
    priority: int = 0
    body_hash: str = ""
    retries: Retries = field(default_factory=Retries)
    modified: int | None = int(NOW)
    deadline: float = 0.0
    supersede: bool = True


def new_job(made: Made) -> NewJob:
    """A job for an object, with a key of its own unless told."""
    version = None if made.modified is None else ObjectVersion(etag="0" * 32, size=3, modified=made.modified)
    place = ObjectRef(bucket="ocr", key=made.name, version=version)
    return NewJob(
        id=f"{made.service}-{uuid.uuid4()}",
        key=made.key or uuid.uuid4().hex,
        service=made.service,
        incarnation=made.incarnation,
        event=Event(kind=EventKind.STORAGE, time="2026-01-02T03:04:05Z", object=place, document='{"Records": []}'),
        principal=made.principal,
        lane=made.lane,
        priority=made.priority,
        body_hash=made.body_hash,
        stages={Stage.STORED: NOW - 2, Stage.SEEN: NOW - 1},
        retries=made.retries,
        deadline=made.deadline,
        supersede=made.supersede,
    )


def submitted(**choices: object) -> Arrival:
    """An arrival that a caller submitted; `choices` are fields of `Made`."""
    return Arrival(job=new_job(Made(**choices)))  # type: ignore[arg-type]


def sighted(name: str, *identities: str, feed: str = "feed-1", job: NewJob | None = None) -> Arrival:
    """An object that was seen by a feed, with a job for it."""
    made = job or new_job(Made(name=name))
    return Arrival(job=made, feed=feed, object_key=name, identities=identities or ("e:1:3:5",), modified=int(NOW))


def lease_of(job: Job) -> Lease:
    """The lease under which a job was handed out."""
    return Lease(job=job.id, attempt=job.attempt, runner=job.runner)


def manifest(*names: str) -> Manifest:
    """A manifest of small files."""
    entries = tuple(ManifestEntry(name=name, size=len(name), sha256="ab" * 32) for name in names)
    return Manifest(entries=entries, sealed="sealed/1", exit_code=0)


def feed_of(service: str, name: str = "feed-1", *, incarnation: str = "life-1") -> Feed:
    """One input of a service."""
    return Feed(
        id=name,
        service=service,
        incarnation=incarnation,
        provider="minio.default",
        bucket="ocr",
        prefix="in/",
        since=int(NOW),
    )


def record_of(name: str = "reader", *, revision: int = 1, feeds: tuple[Feed, ...] = ()) -> ServiceRecord:
    """A deployed service with a token and a secret."""
    return ServiceRecord(
        definition=Service(name=name, image="host", script="#!/bin/sh\ncat\n"),
        incarnation="life-1",
        revision=revision,
        token=f"token-of-{name}",
        owner="alice",
        created=NOW,
        updated=NOW + revision,
        feeds=feeds,
        secrets={"environment.secrets.PASSWORD": f"secret-of-{name}"},
    )
