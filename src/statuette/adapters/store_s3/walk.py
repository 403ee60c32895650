"""A store of folders, listed in order of keys.

SeaweedFS lists in order of folders (`a/x` before `a-b`, though "-" sorts before "/"), and continuing after a key
that is also a folder leaves out what is below it. So each folder is listed by itself, which it does
rightly, and put in order here.
"""

from collections.abc import AsyncIterator, Sequence

from statuette.adapters.store_s3.listing import Page, object_pages
from statuette.adapters.store_s3.signed import SignedClient
from statuette.ports.objects import ObjectInfo

_Entry = tuple[str, ObjectInfo | None]
"""A key, with its object; or a folder's prefix ending in "/", with None."""


async def walk(
    client: SignedClient, bucket: str, *, prefix: str, after: str, sorted_folders: bool
) -> AsyncIterator[Sequence[ObjectInfo]]:
    """Objects under `prefix` with keys greater than `after`, in order of key: a request per folder or 1,000 entries.

    `sorted_folders`: whether the store lists one folder in order of names; where it does not
    (measured: in versioned buckets), a folder is read to its end before any of it is given.
    """
    found: list[ObjectInfo] = []
    async for entries in _folder(client, bucket, prefix=prefix, sorted_folders=sorted_folders):
        for key, info in entries:
            if info is not None and key > after and not _is_bare_folder(info):
                found.append(info)
            if info is None and key != prefix and (key > after or after.startswith(key)):
                if found:
                    yield found
                    found = []
                below = walk(client, bucket, prefix=key, after=after, sorted_folders=sorted_folders)
                async for page in below:
                    yield page
        if found:
            yield found
            found = []


def _is_bare_folder(info: ObjectInfo) -> bool:
    # A folder that lost its last object is listed as one for a while, but without the ETag that a marker has.
    return info.key.endswith("/") and not info.version.etag


async def _folder(
    client: SignedClient, bucket: str, *, prefix: str, sorted_folders: bool
) -> AsyncIterator[Sequence[_Entry]]:
    held: list[_Entry] = []
    async for page in object_pages(client, bucket, prefix=prefix, delimiter="/"):
        held += [(info.key, info) for info in page.objects]
        held += [(folder, None) for folder in page.folders]
        held.sort(key=lambda entry: entry[0])
        if sorted_folders:
            last = _last_name(page)
            # What comes later has a name after `last`, so nothing up to `last` can still be overtaken.
            ready = [entry for entry in held if entry[0] <= last]
            held = held[len(ready) :]
            yield ready
    yield held


def _last_name(page: Page) -> str:
    return max([info.key for info in page.objects[-1:]] + [folder[:-1] for folder in page.folders[-1:]], default="")
