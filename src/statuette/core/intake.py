"""Intake: from objects that were written to jobs, each once.

Two sources feed it: the store's stream, which is quick, and the sweep, which is certain. Both end in the same call of
the ledger, which keeps sightings, jobs and the stream's position together or not at all.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from statuette.core.catalog import Catalog
from statuette.core.commits import CommitMarks, Origin
from statuette.core.terms import deadline_of, priority_of, retries_of
from statuette.events.documents import storage_document
from statuette.events.event import Event, EventKind
from statuette.events.feeds import Feed
from statuette.events.jobs import NewJob, Stage
from statuette.events.keys import commit_identity, lane, new_job_id, object_job_key, replay_key
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.events.records import rfc3339
from statuette.ports.clock import Clock
from statuette.ports.intake import Acceptance, Arrival, IntakeLedger
from statuette.ports.store_events import Notice

Wake = Callable[[Mapping[str, int]], None]
"""Told how many new pieces of work each service has."""

HISTORY = 600
"""Seconds for which sightings of objects that are gone are kept: longer than the stream is ever read again."""


class Intake:
    """Accepts what was written."""

    def __init__(self, *, ledger: IntakeLedger, catalog: Catalog, marks: CommitMarks, clock: Clock, wake: Wake) -> None:
        self._ledger = ledger
        self._catalog = catalog
        self._marks = marks
        self._clock = clock
        self._wake = wake

    async def take(self, notices: Sequence[Notice], *, stream: str) -> int:
        """Accept a batch of the store's notices and the position after it; returns how many jobs are new.

        Raises `LedgerUnavailable`, `DiskFull`: then nothing was kept, the position neither.
        """
        arrivals = [arrival for notice in notices for arrival in self._arrivals_of(notice)]
        position = notices[-1].position
        return await self._accept(arrivals, stream=stream, position=position)

    async def found(self, feed: Feed, refs: Sequence[tuple[ObjectRef, str]]) -> int:
        """Accept objects that a sweep found unseen, each with the mark in its metadata; returns how many jobs are
        new.
        """
        return await self._accept([self._arrival(feed, ref, mark=mark) for ref, mark in refs])

    async def again(self, found: Sequence[tuple[Feed, ObjectRef]], *, replay: str) -> int:
        """Accept objects once more, whatever was seen of them; the same replay said again makes no second job.

        Returns how many jobs are new. Chains that go on from them count their hops anew: a person has asked for it.
        """
        return await self._accept([self._once_more(feed, ref, replay=replay) for feed, ref in found])

    async def note(self, feed: Feed, refs: Sequence[ObjectRef]) -> None:
        """Keep sightings of objects for which no job is wanted."""
        arrivals = [
            Arrival(
                job=None,
                feed=feed.id,
                object_key=ref.key,
                identities=(ref.version.identity,),
                modified=ref.version.modified,
            )
            for ref in refs
            if ref.version
        ]
        await self._ledger.accept(arrivals)

    async def _accept(self, arrivals: Sequence[Arrival], *, stream: str = "", position: int | None = None) -> int:
        if not arrivals and position is None:
            return 0
        acceptances = await self._ledger.accept(arrivals, stream=stream, position=position)
        self._wake(_services_with_news(arrivals, acceptances))
        return sum(acceptance.new for acceptance in acceptances)

    def _arrivals_of(self, notice: Notice) -> list[Arrival]:
        ref = notice.ref
        if ref is None or notice.gone or ref.version is None:
            return []
        feeds = [feed for feed in self._catalog.listening(ref.bucket, ref.key) if ref.version.modified >= feed.since]
        return [
            self._arrival(
                feed, ref, mark=notice.commit, uploader=notice.uploader, stored=_moment(notice, ref.version.modified)
            )
            for feed in feeds
        ]

    def _arrival(
        self, feed: Feed, ref: ObjectRef, *, mark: str, uploader: str = "", stored: float | None = None
    ) -> Arrival:
        version = ref.version
        assert version is not None, "only versioned references become jobs"  # noqa: S101 - our own callers' promise
        origin = self._marks.verified(mark, bucket=ref.bucket, key=ref.key) if mark else None
        identities = (version.identity, commit_identity(origin.commit)) if origin else (version.identity,)
        return Arrival(
            job=replace(
                self._job(feed, ref, version, identity=identities[-1], origin=origin, uploader=uploader),
                stages={
                    # The stream tells the moment, a listing only the second.
                    Stage.STORED: float(version.modified) if stored is None else stored,
                    Stage.SEEN: self._clock.wall(),
                },
            ),
            feed=feed.id,
            object_key=ref.key,
            identities=identities,
            modified=version.modified,
        )

    def _once_more(self, feed: Feed, ref: ObjectRef, *, replay: str) -> Arrival:
        job = self._arrival(feed, ref, mark="").job
        assert job is not None, "an arrival of an object holds its job"  # noqa: S101 - made in the line before
        key = replay_key(feed.incarnation, replay, bucket=ref.bucket, key=ref.key)
        return Arrival(job=replace(job, key=key))

    def _job(
        self, feed: Feed, ref: ObjectRef, version: ObjectVersion, *, identity: str, origin: Origin | None, uploader: str
    ) -> NewJob:
        record = self._catalog.get(feed.service)
        owner = record.owner
        time = rfc3339(version.modified)
        event = Event(
            kind=EventKind.STORAGE,
            time=time,
            object=ref,
            principal=uploader or owner,
            inferred=not uploader,
            document=storage_document(ref, time=time, principal=uploader or owner),
            commit=origin.commit if origin else "",
            hops=origin.hops if origin else 0,
        )
        return NewJob(
            id=new_job_id(feed.service),
            key=object_job_key(feed.id, bucket=ref.bucket, key=ref.key, identity=identity),
            service=feed.service,
            incarnation=feed.incarnation,
            event=event,
            principal=event.principal,
            lane=lane(feed.incarnation, bucket=ref.bucket, key=ref.key),
            priority=priority_of(record.definition, feed),
            retries=retries_of(record.definition),
            deadline=deadline_of(record.definition, now=self._clock.wall()),
            supersede=record.definition.on_overwrite == "supersede",
        )


def _moment(notice: Notice, modified: int) -> float:
    """When an object was stored: the stream tells the moment where it agrees with the object's time, to the second."""
    moment = notice.position / 1e9
    return moment if modified <= moment < modified + 2 else float(modified)


def _services_with_news(arrivals: Sequence[Arrival], acceptances: Sequence[Acceptance]) -> Counter[str]:
    return Counter(
        arrival.job.service
        for arrival, acceptance in zip(arrivals, acceptances, strict=True)
        if acceptance.new and arrival.job is not None
    )
