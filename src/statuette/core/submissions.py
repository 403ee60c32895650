"""Submissions: work that callers hand in by `/job`, durable before they get their answer."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from statuette.core.access import may_submit
from statuette.core.catalog import Catalog
from statuette.core.claims import Claims
from statuette.core.intake import Wake
from statuette.core.reading import Reading
from statuette.core.terms import deadline_of, retries_of
from statuette.events.event import Event
from statuette.events.jobs import NewJob, Stage
from statuette.events.keys import lane, new_job_id, submission_key
from statuette.events.principals import Principal
from statuette.ports.clock import Clock
from statuette.ports.errors import BadInput, Conflict, Forbidden
from statuette.ports.intake import Arrival, IntakeLedger
from statuette.ports.services import ServiceRecord

MOST_RECORDS = 1000
"""Records that one body may hold; each becomes a job."""
LONGEST_KEY = 255
"""Characters of an `Idempotency-Key`."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """The ids of the jobs that stand for a submission, one per record; `new` is False when it had been made before."""

    jobs: tuple[str, ...]
    new: bool


class Submissions:
    """The core's side of `/job`."""

    def __init__(
        self, *, ledger: IntakeLedger, catalog: Catalog, claims: Claims, reading: Reading, clock: Clock, wake: Wake
    ) -> None:
        self._ledger = ledger
        self._catalog = catalog
        self._claims = claims
        self._reading = reading
        self._clock = clock
        self._wake = wake

    async def submit(
        self,
        caller: Principal,
        service: str,
        body: AsyncIterator[bytes],
        *,
        idempotency_key: str = "",
        source_ip: str = "",
    ) -> Submitted:
        """Accept a body as work; it is durable when this returns.

        Raises `NotFound`, `Forbidden`, `BadInput`, `TooLarge`, `DiskFull`, and `Conflict` when the idempotency key
        was used with another body.
        """
        record = self._catalog.get(service)
        if not may_submit(caller, record):
            raise Forbidden(f"{service} is not yours to submit to")
        if len(idempotency_key) > LONGEST_KEY:
            raise BadInput(f"Idempotency-Key: at most {LONGEST_KEY} characters, this has {len(idempotency_key)}")
        job_id = new_job_id(service)
        hashing = _Hashing(body)
        async with self._reading.read(job_id, hashing.chunks(), source_ip=source_ip) as read:
            if len(read.events) > MOST_RECORDS:
                raise BadInput(f"Records: at most {MOST_RECORDS} in one body, this holds {len(read.events)}")
            settled = [await self._claims.settled(caller, record, event) for event in read.events]
            jobs = self._jobs(record, settled, caller=caller, first=job_id, key=idempotency_key)
            jobs = [replace(job, body_hash=hashing.hexdigest()) for job in jobs]
            submitted = await (self._accepted_by_key(jobs) if idempotency_key else self._accepted(jobs))
            read.kept = submitted.new
        if submitted.new:
            self._wake({service: len(submitted.jobs)})
        return submitted

    async def _accepted_by_key(self, jobs: Sequence[NewJob]) -> Submitted:
        """The first record settles whether the key was used with another body; only then the others are accepted."""
        first, rest = await self._accepted(jobs[:1]), await self._accepted(jobs[1:])
        return Submitted(first.jobs + rest.jobs, new=first.new or rest.new)

    async def _accepted(self, jobs: Sequence[NewJob]) -> Submitted:
        acceptances = await self._ledger.accept([Arrival(job=job) for job in jobs])
        for job, acceptance in zip(jobs, acceptances, strict=True):
            if not acceptance.new and acceptance.body_hash != job.body_hash:
                raise Conflict("Idempotency-Key: it was used before with another body")
        return Submitted(tuple(one.job for one in acceptances), new=any(one.new for one in acceptances))

    def _jobs(
        self, record: ServiceRecord, events: Sequence[Event], *, caller: Principal, first: str, key: str
    ) -> list[NewJob]:
        now = self._clock.wall()
        jobs = []
        for number, event in enumerate(events):
            job_id = new_job_id(record.name) if number else first
            ref = event.object
            jobs.append(
                NewJob(
                    id=job_id,
                    key=submission_key(record.incarnation, caller.id, f"{number}:{key}") if key else f"id:{job_id}",
                    service=record.name,
                    incarnation=record.incarnation,
                    event=event,
                    principal=caller.id,
                    lane=lane(record.incarnation, bucket=ref.bucket, key=ref.key) if ref else "",
                    stages={Stage.SEEN: now},
                    priority=record.definition.priority,
                    retries=retries_of(record.definition),
                    deadline=deadline_of(record.definition, now=now),
                    supersede=record.definition.on_overwrite == "supersede",
                )
            )
        return jobs


class _Hashing:
    """Passes a body on and hashes it."""

    def __init__(self, body: AsyncIterator[bytes]) -> None:
        self._body = body
        self._hash = hashlib.sha256()

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk in self._body:
            self._hash.update(chunk)
            yield chunk

    def hexdigest(self) -> str:
        return self._hash.hexdigest()
