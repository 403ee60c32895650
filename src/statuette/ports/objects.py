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

    def list(self, bucket: str, prefix: str, *, after: str = "") -> AsyncIterator[Sequence[ObjectInfo]]:
        """Pages of objects in order of key, of keys greater than `after`. Folder markers are listed too."""

    async def remove(self, bucket: str, keys: Sequence[str]) -> None:
        """Delete objects; those that are not there are no error."""
