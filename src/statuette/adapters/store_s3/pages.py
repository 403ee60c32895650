"""A listing cut into pages of our own, each with a digest of what the store told.

The store's pages all move by one when an object is added. So a page ends where an object's own entry says so, by its
checksum: then only the page into which the object falls is another, and all others keep their digests.
"""

import hashlib
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from statuette.adapters.store_s3.entries import Entry, info_of
from statuette.ports.objects import ObjectInfo, ObjectPage

LEAST, MOST = 64, 1000
"""Objects of a page; only the last one may have fewer than the least."""
_ONE_IN = 512
"""How many entries there are for each one that may end a page."""
_DIGEST = 16

Reading = Callable[[Sequence[ObjectInfo]], Awaitable[Sequence[ObjectInfo]]]
"""Completes what a listing told of some objects."""


@dataclass(frozen=True, slots=True)
class EntryPage(ObjectPage):
    """Some entries of a listing, unread."""

    entries: Sequence[Entry]
    completed: Reading | None

    @property
    def last(self) -> str:
        return self.entries[-1].key

    @property
    def count(self) -> int:
        return len(self.entries)

    def digest(self) -> bytes:
        told = b"\n".join(entry.told for entry in self.entries)
        return hashlib.blake2b(told, digest_size=_DIGEST).digest()

    async def objects(self) -> Sequence[ObjectInfo]:
        infos = [info_of(entry) for entry in self.entries]
        return await self.completed(infos) if self.completed else infos


async def paged(
    listing: AsyncIterator[Sequence[Entry]], *, completed: Reading | None = None
) -> AsyncIterator[EntryPage]:
    """Cut a listing, in order of key, into pages. `completed`: asked for what the listing does not tell, on reading."""
    held: list[Entry] = []
    async for entries in listing:
        for entry in entries:
            held.append(entry)
            if len(held) >= MOST or (len(held) >= LEAST and zlib.crc32(entry.told) % _ONE_IN == 0):
                yield EntryPage(held, completed)
                held = []
    if held:
        yield EntryPage(held, completed)
