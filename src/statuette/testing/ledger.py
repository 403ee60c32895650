"""The ledger's twin in memory: the same ports over dictionaries, for tests that need no file and no database.

It keeps every promise of the ports but durability and encryption; the proof is `ledger_suite_*`, run on it and on the
real ones.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from statuette.events import transitions
from statuette.events.feeds import Feed
from statuette.events.homes import home_of, upload_line
from statuette.events.jobs import DEAD_LETTERS, FINAL, LEASABLE, RUNNING, Attempt, Job, JobState, NewJob, Outcome
from statuette.events.leases import Commit, Lease, Manifest, Report
from statuette.ports.clock import Clock
from statuette.ports.duties import Duties
from statuette.ports.errors import BadInput, Conflict, LeaseLost, NotFound
from statuette.ports.intake import Acceptance, Arrival, IntakeLedger, Seen
from statuette.ports.interventions import Interventions
from statuette.ports.jobs import JobLedger, JobPage, JobQuery
from statuette.ports.queue import Backlog, QueueLedger
from statuette.ports.services import ServiceChanges, ServiceLedger, ServiceRecord
from statuette.ports.vault import Vault

_HELD = RUNNING - {JobState.UNPUBLISHED}
_IDLE = LEASABLE | {JobState.WAITING}
_STOPPABLE = frozenset({JobState.LEASED, JobState.STARTED})
_REVIVABLE = DEAD_LETTERS | {JobState.CANCELLED}


@dataclass(slots=True, eq=False)
class _Book:
    """What all parts share. `until` is when a leased job's lease ends, on the lease clock."""

    clock: Clock
    lease_clock: Callable[[], float]
    sequence: int = 0
    jobs: dict[str, Job] = field(default_factory=dict)
    until: dict[str, float] = field(default_factory=dict)
    attempts: dict[str, list[Attempt]] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    seen: dict[str, dict[tuple[str, str], int]] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    services: dict[str, ServiceRecord] = field(default_factory=dict)
    feeds: dict[str, Feed] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    changes: int = 0
    duties: dict[str, tuple[str, float]] = field(default_factory=dict)

    def of_lane(self, lane: str) -> list[Job]:
        """Unfinished jobs of a lane, first come first."""
        mine = [job for job in self.jobs.values() if job.lane == lane and job.state not in FINAL]
        return sorted(mine, key=lambda job: job.sequence)

    def put(self, job: Job, *, until: float | None = None) -> Job:
        before = self.jobs.get(job.id, job)
        self.jobs[job.id] = job
        self.until.pop(job.id, None)
        if until is not None:
            self.until[job.id] = until
        if job.state in FINAL and job.lane and before.state is not JobState.WAITING:
            self._promote(job.lane)
        return job

    def _promote(self, lane: str) -> None:
        for first in self.of_lane(lane)[:1]:
            if first.state is JobState.WAITING:
                self.put(transitions.promoted(first))

    def held(self, lease: Lease) -> Job:
        """The job whose current attempt holds the lease. Raises `LeaseLost`."""
        job = self.jobs.get(lease.job)
        if job is None or job.attempt != lease.attempt or job.state not in _HELD:
            raise LeaseLost
        return job

    def close_attempt(self, job: Job, report: Report) -> None:
        past = self.attempts[job.id]
        past[-1] = replace(
            past[-1],
            outcome=report.outcome,
            exit_code=report.exit_code,
            reason=report.reason,
            ended=self.clock.wall(),
            stages=job.stages,
            usage=report.usage,
        )

    def withdraw(self, job: Job, reason: str) -> Job:
        return self.put(transitions.cancelled(job, now=self.clock.wall(), reason=reason))

    def of_service(self, service: str, names: Sequence[str]) -> list[Job]:
        """Those of the named jobs that exist and are the service's, each once."""
        known = [self.jobs[name] for name in dict.fromkeys(names) if name in self.jobs]
        return [job for job in known if job.service == service]

    def delete(self, names: Sequence[str]) -> None:
        for name in names:
            for table in (self.jobs, self.attempts, self.commits):
                table.pop(name, None)


class MemoryIntake(IntakeLedger):
    """`IntakeLedger` in memory."""

    def __init__(self, book: _Book) -> None:
        self._book = book

    async def accept(
        self, arrivals: Sequence[Arrival], *, stream: str = "", position: int | None = None
    ) -> list[Acceptance]:
        answer = [self._accept_one(arrival) for arrival in arrivals]
        if stream and position is not None:
            self._book.positions[stream] = max(position, self._book.positions.get(stream, position))
        return answer

    def _accept_one(self, arrival: Arrival) -> Acceptance:
        met = arrival.feed != "" and self._note(arrival)
        if arrival.job is None:
            return Acceptance(job="", new=not met)
        for job in self._book.jobs.values():
            if job.key == arrival.job.key:
                return Acceptance(job=job.id, new=False, body_hash=job.body_hash)
        return Acceptance(job="", new=False) if met else self._add(arrival.job)

    def _note(self, arrival: Arrival) -> bool:
        """Keep the sighting; whether it was met before."""
        seen = self._book.seen.setdefault(arrival.feed, {})
        names = [(arrival.object_key, identity) for identity in arrival.identities]
        met = any(name in seen for name in names)
        for name in names:
            seen.setdefault(name, arrival.modified)
        return met

    def _add(self, new: NewJob) -> Acceptance:
        book = self._book
        if new.id in book.jobs:
            raise Conflict
        book.sequence += 1
        for job in book.of_lane(new.lane) if new.lane else []:
            if transitions.outdated(book.jobs[job.id], by=new):
                book.put(transitions.superseded(book.jobs[job.id], now=book.clock.wall()))
        waits = bool(new.lane) and bool(book.of_lane(new.lane))
        book.jobs[new.id] = Job(
            id=new.id,
            key=new.key,
            sequence=book.sequence,
            service=new.service,
            incarnation=new.incarnation,
            event=new.event,
            principal=new.principal,
            state=JobState.WAITING if waits else JobState.QUEUED,
            accepted=book.clock.wall(),
            lane=new.lane,
            priority=new.priority,
            body_hash=new.body_hash,
            stages=dict(new.stages),
            retries=new.retries,
            deadline=new.deadline,
        )
        return Acceptance(job=new.id, new=True, body_hash=new.body_hash)

    async def position(self, stream: str) -> int | None:
        return self._book.positions.get(stream)

    async def seen(self, feed: str, *, after: str, limit: int) -> list[Seen]:
        names = sorted(name for name in self._book.seen.get(feed, {}) if name[0] > after)
        last = names[:limit][-1:]
        page = [name for name in names if last and name[0] <= last[0][0]]
        return [Seen(object_key=name[0], identity=name[1], modified=self._book.seen[feed][name]) for name in page]

    async def forget(self, feed: str, object_keys: Sequence[str]) -> None:
        gone = set(object_keys)
        kept = {name: at for name, at in self._book.seen.get(feed, {}).items() if name[0] not in gone}
        self._book.seen[feed] = kept


class MemoryQueue(QueueLedger):
    """`QueueLedger` in memory."""

    def __init__(self, book: _Book) -> None:
        self._book = book

    async def lease(
        self, service: str, *, runner: str, limit: int, ttl: float, revision: int, script_hash: str
    ) -> list[Job]:
        now, ends = self._book.clock.wall(), self._book.lease_clock() + ttl
        taken = []
        for job in self._in_time(service, runner=runner, limit=max(limit, 0), now=now):
            step = transitions.leased if service else transitions.resumed
            taken.append(self._book.put(step(job, runner=runner, now=now), until=ends))
            attempt = Attempt(
                job=job.id,
                number=taken[-1].attempt,
                runner=runner,
                leased=now,
                revision=revision,
                script_hash=script_hash,
            )
            self._book.attempts.setdefault(job.id, []).append(attempt)
        return taken

    def _in_time(self, service: str, *, runner: str, limit: int, now: float) -> list[Job]:
        """The next ones, after what is overdue among them was given up."""
        while True:
            due = self._due(service, runner, now)[:limit]
            late = [job for job in due if transitions.overdue(job, now=now)]
            if not late:
                return due
            for job in late:
                self._book.put(transitions.missed(job, now=now))

    def _due(self, service: str, runner: str, now: float) -> list[Job]:
        def wanted(job: Job) -> bool:
            if not service:
                return job.state is JobState.UNPUBLISHED and upload_line(job.runner) == upload_line(runner)
            return job.service == service and job.state in LEASABLE

        due = [job for job in self._book.jobs.values() if wanted(job) and job.not_before <= now]
        return sorted(due, key=lambda job: (-job.priority, job.sequence))

    async def renew(self, leases: Sequence[Lease], *, ttl: float, started: Mapping[str, float]) -> list[Lease]:
        lost = []
        ends = self._book.lease_clock() + ttl
        for lease in leases:
            try:
                job = self._book.held(lease)
            except LeaseLost:
                lost.append(lease)
                continue
            if job.id in started:
                job = transitions.started(job, at=started[job.id])
            self._book.put(job, until=ends)
            if job.cancelling and job.state is not JobState.COMMITTED:
                lost.append(lease)
        return lost

    async def commit(self, lease: Lease, manifest: Manifest) -> Commit:
        book = self._book
        job = book.held(lease)
        earlier = book.commits.get(job.id)
        if job.state is JobState.COMMITTED and earlier:
            return earlier
        after = transitions.committed(job, commit=uuid.uuid4().hex, now=book.clock.wall())
        old = {entry.name for entry in earlier.manifest.entries} | set(earlier.stale) if earlier else set()
        stale = tuple(sorted(old - {entry.name for entry in manifest.entries}))
        made = Commit(id=after.commit, job=job.id, generation=after.generation, manifest=manifest, stale=stale)
        book.commits[job.id] = made
        book.put(after, until=book.until[job.id])
        return made

    async def report(self, lease: Lease, report: Report) -> Job:
        after = transitions.ended(self._book.held(lease), report, now=self._book.clock.wall())
        self._book.close_attempt(after, report)
        return self._book.put(after)

    async def expire(self, *, everything: bool = False, home: str = "") -> list[Job]:
        now, book = self._book.lease_clock(), self._book
        for job in [job for job in book.jobs.values() if job.state in LEASABLE | {JobState.UNPUBLISHED}]:
            book.put(transitions.shortened(job, now=book.clock.wall()))
        over = sorted((until, job) for job, until in book.until.items() if everything or home or until <= now)
        if home:
            over = [(until, job) for until, job in over if home_of(book.jobs[job].runner) == home]
        return [self._take_back(self._book.jobs[job]) for _, job in over]

    def _take_back(self, before: Job) -> Job:
        after = transitions.orphaned(before, now=self._book.clock.wall())
        counted = [name for name, count in after.faults.items() if count > before.faults.get(name, 0)]
        outcome = counted[0] if counted else Outcome.UNPUBLISHED
        self._book.close_attempt(after, Report(outcome=outcome, reason=after.reason))
        return self._book.put(after)


class MemoryJobs(JobLedger):
    """`JobLedger` in memory."""

    def __init__(self, book: _Book) -> None:
        self._book = book

    async def get(self, job: str) -> Job | None:
        return self._book.jobs.get(job)

    async def page(self, query: JobQuery, *, after: str = "", limit: int = 70) -> JobPage:
        if after and not (after.isascii() and after.isdigit()):
            raise BadInput("this is no token of a page")
        found = [job for job in self._book.jobs.values() if _matches(job, query)]
        found = [job for job in found if not after or job.sequence < int(after)]
        found.sort(key=lambda job: -job.sequence)
        page = found[:limit]
        return JobPage(jobs=tuple(page), next=str(page[-1].sequence) if page and len(found) > limit else "")

    async def history(self, job: str) -> tuple[list[Attempt], Commit | None]:
        known = self._book.jobs.get(job)
        if known is None:
            return [], None
        past = self._book.attempts.get(job, [])
        shown = [attempt if attempt.outcome else replace(attempt, stages=known.stages) for attempt in past]
        return shown, self._book.commits.get(job)

    async def remove(self, service: str, jobs: Sequence[str]) -> list[str]:
        going = [job for job in self._book.of_service(service, jobs) if job.state not in RUNNING]
        for job in going:
            if job.state not in FINAL:
                self._book.withdraw(self._book.jobs[job.id], "removed")
        self._book.delete([job.id for job in going])
        return [job.id for job in going]

    async def backlog(self) -> Mapping[str, Backlog]:
        services = {job.service for job in self._book.jobs.values() if job.state not in FINAL - DEAD_LETTERS}
        return {service: self._count(service) for service in services}

    def _count(self, service: str) -> Backlog:
        mine = [job for job in self._book.jobs.values() if job.service == service]
        states = [job.state for job in mine]
        return Backlog(
            queued=sum(state in LEASABLE for state in states),
            waiting=states.count(JobState.WAITING),
            running=sum(state in _HELD for state in states),
            unpublished=states.count(JobState.UNPUBLISHED),
            failed=states.count(JobState.FAILED),
            dead=states.count(JobState.DEAD),
            oldest=min((job.accepted for job in mine if job.state in _IDLE), default=0.0),
        )


def _matches(job: Job, query: JobQuery) -> bool:
    place = job.event.object
    return (
        job.service == query.service
        and query.principal in ("", job.principal)
        and query.incarnation in ("", job.incarnation)
        and (not query.states or job.state in query.states)
        and (not query.object or (place is not None and f"{place.bucket}/{place.key}" == query.object))
    )


class MemoryInterventions(Interventions):
    """`Interventions` in memory."""

    def __init__(self, book: _Book) -> None:
        self._book = book

    async def cancel(self, service: str, jobs: Sequence[str], *, reason: str) -> list[Job]:
        fitted = []
        for name in [job.id for job in self._book.of_service(service, jobs)]:
            job = self._book.jobs[name]  # as it stands after those before it
            if job.state in _IDLE:
                fitted.append(self._book.withdraw(job, reason))
            elif job.state in _STOPPABLE:
                stopping = transitions.stopping(job, reason=reason)
                fitted.append(self._book.put(stopping, until=self._book.until[name]))
        return fitted

    async def revive(self, service: str, jobs: Sequence[str]) -> list[Job]:
        book, fitted = self._book, []
        for job in sorted(book.of_service(service, jobs), key=lambda job: job.sequence):
            if job.state in _REVIVABLE:
                waits = bool(job.lane) and bool(book.of_lane(job.lane))
                fitted.append(book.put(transitions.revived(job, waits=waits, now=book.clock.wall())))
        return fitted

    async def prune(self, *, ended_before: float, dead_before: float, limit: int) -> list[Job]:
        def over(job: Job) -> bool:
            return job.ended is not None and job.ended < (dead_before if job.state in DEAD_LETTERS else ended_before)

        old = sorted(filter(over, self._book.jobs.values()), key=lambda job: (job.ended or 0.0, job.sequence))
        self._book.delete([job.id for job in old[: max(limit, 0)]])
        return old[: max(limit, 0)]


class MemoryDuties(Duties):
    """`Duties` in memory."""

    def __init__(self, book: _Book) -> None:
        self._book = book

    async def take(self, duty: str, *, holder: str, ttl: float) -> bool:
        now = self._book.lease_clock()
        other, until = self._book.duties.get(duty, (holder, now))
        if other != holder and until > now:
            return False
        self._book.duties[duty] = (holder, now + ttl)
        return True

    async def leave(self, duty: str, *, holder: str) -> None:
        if self._book.duties.get(duty, ("", 0.0))[0] == holder:
            del self._book.duties[duty]


class MemoryServices(ServiceLedger):
    """`ServiceLedger` in memory."""

    def __init__(self, book: _Book) -> None:
        self._book = book

    async def add(self, record: ServiceRecord) -> None:
        if record.name in self._book.services:
            raise Conflict(f"a service named {record.name} exists")
        self._keep(record)

    async def replace(self, record: ServiceRecord) -> None:
        kept = self._book.services.get(record.name)
        if kept is None:
            raise NotFound(f"there is no service named {record.name}")
        if kept.revision != record.revision - 1 or kept.incarnation != record.incarnation:
            raise Conflict(f"revision {record.revision} does not follow the one kept of {record.name}")
        self._keep(record)

    def _keep(self, record: ServiceRecord) -> None:
        self._book.changes += 1
        self._book.services[record.name] = record
        self._book.feeds.update({feed.id: feed for feed in record.feeds})

    async def remove(self, name: str, *, incarnation: str = "") -> None:
        for job in list(self._book.jobs.values()):
            mine = job.service == name and incarnation in ("", job.incarnation)
            if mine and self._book.jobs[job.id].state in _IDLE:
                self._book.withdraw(self._book.jobs[job.id], "its service was deleted")
        for feed in [feed for feed in self._book.feeds.values() if feed.service == name]:
            if incarnation in ("", feed.incarnation):
                del self._book.feeds[feed.id]
                self._book.seen.pop(feed.id, None)
        kept = self._book.services.get(name)
        if kept is not None and incarnation in ("", kept.incarnation):
            del self._book.services[name]
            self._book.changes += 1

    async def all(self) -> Sequence[ServiceRecord]:
        return [self._book.services[name] for name in sorted(self._book.services)]


class MemoryChanges(ServiceChanges):
    """`ServiceChanges` in memory."""

    def __init__(self, book: _Book) -> None:
        self._book = book

    async def count(self) -> int:
        return self._book.changes

    async def heads(self) -> Mapping[str, tuple[str, int]]:
        return {name: (record.incarnation, record.revision) for name, record in self._book.services.items()}

    async def records(self, names: Sequence[str]) -> Sequence[ServiceRecord]:
        return [self._book.services[name] for name in sorted(names) if name in self._book.services]


class MemoryVault(Vault):
    """`Vault` in memory, in clear."""

    def __init__(self, book: _Book) -> None:
        self._book = book

    async def read(self, name: str) -> str | None:
        return self._book.values.get(name)

    async def write(self, name: str, value: str) -> None:
        self._book.changes += 1
        self._book.values[name] = value

    async def add(self, name: str, value: str) -> bool:
        if name in self._book.values:
            return False
        await self.write(name, value)
        return True

    async def names(self, prefix: str) -> list[str]:
        return sorted(name for name in self._book.values if name.startswith(prefix))

    async def erase(self, name: str) -> None:
        self._book.changes += 1
        self._book.values.pop(name, None)


class MemoryLedger:
    """All ports over one memory. `lease_clock` gives seconds for the leases, by default `clock.monotonic`."""

    def __init__(self, clock: Clock, lease_clock: Callable[[], float] | None = None) -> None:
        book = _Book(clock, lease_clock or clock.monotonic)
        self.intake = MemoryIntake(book)
        self.queue = MemoryQueue(book)
        self.jobs = MemoryJobs(book)
        self.interventions = MemoryInterventions(book)
        self.duties = MemoryDuties(book)
        self.services = MemoryServices(book)
        self.vault = MemoryVault(book)
        self.changes = MemoryChanges(book)
