"""The ledger as the event path writes it: what came in, and how far the stream was read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from statuette.events.jobs import NewJob


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A job to be accepted, and for objects what was seen.

    `feed` and `object_key` are "" for jobs that callers submit. `identities` are all names under which this version
    of the object may be met again (see `ObjectVersion.identity`; our own outputs also go by their commit). `job` is
    None when the sighting is only to be noted.
    """

    job: NewJob | None
    feed: str = ""
    object_key: str = ""
    identities: tuple[str, ...] = ()
    modified: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What became of an arrival, in the order given. `job` is the id of the job that now stands for it ("" if none
    was made).

    `new` is False when it was seen before or the key exists. `body_hash` is the one of the job that stands.
    """

    job: str
    new: bool
    body_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One noted sighting."""

    object_key: str
    identity: str
    modified: int


class IntakeLedger(Protocol):
    """Raises `LedgerUnavailable` (nothing of the call is kept then)."""

    async def accept(
        self, arrivals: Sequence[Arrival], *, stream: str = "", position: int | None = None
    ) -> list[Acceptance]:
        """Keep sightings, jobs and the stream's position, all or nothing, durable when it returns.

        An arrival of which any identity was seen in its feed makes no job (missing identities are added). A job whose
        `key` exists makes no second. A job whose lane has an unfinished job waits; with `NewJob.supersede` it first
        takes the place of the lane's supersedable jobs (`transitions.supersedable`) whose object was modified
        earlier. `position` is in nanoseconds of the store's clock; it only moves forward.
        """

    async def position(self, stream: str) -> int | None:
        """Where the stream was last read to (nanoseconds of the store's clock), None if never."""

    async def seen(self, feed: str, *, after: str, limit: int) -> list[Seen]:
        """A page of sightings in order of `object_key` (then identity), of keys greater than `after`; a key is never
        cut in two.
        """

    async def forget(self, feed: str, object_keys: Sequence[str]) -> None:
        """Drop the sightings of objects that are gone."""
