"""A store's own stream of what is written into it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from statuette.events.objects import ObjectRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """An object was written, or (`gone`) deleted. `position` is this notice's place in the stream, nanoseconds of the
    store's clock.

    `ref.version` is set unless `gone`. `commit` is the unverified value of our commit metadata, "" without.
    A notice with `ref` None only moves the position on.
    """

    position: int
    ref: ObjectRef | None
    gone: bool = False
    uploader: str = ""
    commit: str = ""


class StoreEvents(Protocol):
    """A hint, never the truth: whoever reads it sweeps after every (re)connection."""

    def follow(self, since: int) -> AsyncIterator[Notice]:
        """Notices from `since` (nanoseconds of the store's clock) on, that one included, then live.

        The first item is a `Notice` without `ref`, given as soon as the stream stands. Ends with `StoreUnavailable`
        when the stream breaks; the caller reconnects. Tag, ACL and metadata-only updates, folders and the store's own
        bookkeeping are left out.
        """

    async def now(self) -> int:
        """The store's clock in nanoseconds since the epoch. Raises `StoreUnavailable`."""
