"""Objects of a store, read and written as streams."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from statuette.events.objects import ObjectRef, ObjectVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo:
    """What a store tells of an object. `metadata` holds the user metadata with lower-case names; listings leave it
    empty.
    """

    key: str
    version: ObjectVersion
    metadata: Mapping[str, str]


class ObjectPage(Protocol):
    """Some objects of a listing, in order of key, at least one. They are read only when somebody asks for them."""

    @property
    def last(self) -> str:
        """The key of the last object."""

    @property
    def count(self) -> int:
        """How many objects the listing told of."""

    def digest(self) -> bytes:
        """16 bytes made of all that the listing told of these objects: keys, ETags, sizes, seconds.

        What a listing does not tell is not in it: of two equal uploads within a second to a bucket that keeps
        versions, the second changes nothing here.
        """

    async def objects(self) -> Sequence[ObjectInfo]:
        """The objects, without those that are gone by now. Raises as `Objects`."""


class Objects(Protocol):
    """Raises `StoreUnavailable`, `ObjectGone`; a bucket that does not exist is `NotFound`, one that may not be used
    `Forbidden`.
    """

    async def head(self, ref: ObjectRef) -> ObjectInfo | None:
        """Describe an object; None when there is none."""

    async def fetch(self, ref: ObjectRef, sink: BinaryIO) -> ObjectInfo:
        """Write the object into `sink`, a bounded part at a time.

        With `ref.version`, exactly that version (`If-Match` or version id); raises `ObjectGone` when it is not there
        any more. Checks the number of bytes; raises `StoreUnavailable` when the stream broke off.
        """

    async def put(
        self, ref: ObjectRef, source: BinaryIO, *, size: int, metadata: Mapping[str, str], media_type: str = ""
    ) -> None:
        """Store `size` bytes from `source`'s position, in parts when large. All or nothing.

        Gives no version: S3 tells an object's time only to who asks again, and no one here needs it.
        """

    def list(self, bucket: str, prefix: str, *, after: str = "") -> AsyncIterator[ObjectPage]:
        """Pages of objects in order of key, of keys greater than `after`, at most 1,000 a page.

        Folder markers are listed too. Where objects are the same, pages mostly end where they did before.
        """

    async def remove(self, bucket: str, keys: Sequence[str]) -> None:
        """Delete objects; those that are not there are no error."""
