"""What the sweep remembers of its last pass: the pages in which there is nothing left to do.

A page is remembered as a digest of what the listing told of its objects and of the key before them. Meeting it again
means that the store tells the same of the same stretch of keys, which was compared, and all that was found in it
accepted, in this process. What was seen of it since can only have grown: sightings are dropped for objects that a
listing does not show, and such a listing's page is another; or with their whole input, whose service then has another
revision or another life. So there is nothing in it to be recovered.

What may hide is thrown away with time: pages holding objects so young that an equal upload within the same second may
follow are not remembered, nor are pages with sightings still to be forgotten; and after `WHOLE_EVERY` seconds
everything is compared again, for objects that came and went between two passes and left their sightings.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from statuette.events.feeds import Feed
from statuette.ports.clock import Clock
from statuette.ports.objects import ObjectPage

WHOLE_EVERY = 3600.0
"""Seconds after which an input is compared whole again."""
MOST_PAGES = 100_000
"""Pages remembered in all, about 15 MB. With 500 objects a page these are 50 million objects."""
SETTLED = 10
"""Seconds after which an object's second is over for sure; the store's clock may differ from ours a little."""


@dataclass(slots=True)
class Recollection:
    """Of one input: pages by their digests, each with the number of the input's objects in it.

    `since` is when everything was last compared (seconds of the monotonic clock), `room` how many pages may be added.
    """

    revision: int
    since: float
    room: int
    pages: dict[bytes, int] = field(default_factory=dict)

    def add(self, stretch: bytes, listed: int) -> None:
        """Remember a page, unless there are too many."""
        if len(self.pages) < self.room:
            self.pages[stretch] = listed


class Unchanged:
    """The recollections of all inputs."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[Feed, Recollection] = {}
        self._pages = 0

    def recall(self, feed: Feed, *, revision: int, whole: bool) -> tuple[dict[bytes, int], Recollection]:
        """The pages of the input's last pass, and an empty recollection for the one that begins.

        They are taken out: a pass that fails leaves nothing remembered. `whole`: nothing is to be passed over.
        """
        old = self._take(feed)
        now = self._clock.monotonic()
        usable = old is not None and not whole and old.revision == revision and now - old.since < WHOLE_EVERY
        room = MOST_PAGES - self._pages
        if old is None or not usable:
            return {}, Recollection(revision=revision, since=now, room=room)
        return old.pages, Recollection(revision=revision, since=old.since, room=room)

    def keep(self, feed: Feed, made: Recollection) -> None:
        """Remember a pass that reached its end."""
        self._take(feed)
        if len(made.pages) <= MOST_PAGES - self._pages:
            self._kept[feed] = made
            self._pages += len(made.pages)

    def only(self, feeds: Iterable[Feed]) -> None:
        """Forget all inputs but these."""
        for feed in self._kept.keys() - set(feeds):
            self._take(feed)

    def __len__(self) -> int:
        return self._pages

    def _take(self, feed: Feed) -> Recollection | None:
        old = self._kept.pop(feed, None)
        self._pages -= len(old.pages) if old else 0
        return old


def stretch_of(after: str, page: ObjectPage | None) -> bytes:
    """The digest of a stretch of a listing: of the key before it and of its page; None: what follows the last page."""
    told = page.digest() if page else b""
    return hashlib.blake2b(told + after.encode(), digest_size=16).digest()
