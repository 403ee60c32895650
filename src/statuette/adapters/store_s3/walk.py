"""A store of folders, listed in order of keys.

SeaweedFS lists in order of folders (`a/x` before `a-b`, though "-" sorts before "/"), and continuing after a key
that is also a folder leaves out what is below it. So each folder is listed by itself, which it does
rightly, and put in order here.
"""

from collections.abc import AsyncIterator, Sequence
from operator import itemgetter

from statuette.adapters.store_s3.entries import Entry, info_of
from statuette.adapters.store_s3.listing import Answer, object_answers
from statuette.adapters.store_s3.signed import SignedClient


async def walk(
    client: SignedClient, bucket: str, *, prefix: str, after: str, sorted_folders: bool
) -> AsyncIterator[Sequence[Entry]]:
    """Objects under `prefix` with keys greater than `after`, in order of key: a request per folder or 1,000 entries.

    `sorted_folders`: whether the store lists one folder in order of names; where it does not
    (measured: in versioned buckets), a folder is read to its end before any of it is given.
    """
    found: list[Entry] = []
    async for entries in _folder(client, bucket, prefix=prefix, sorted_folders=sorted_folders):
        for entry in entries:
            key = entry.key
            if entry.told and key > after and not _is_bare_folder(entry):
                found.append(entry)
            if not entry.told and key != prefix and (key > after or after.startswith(key)):
                if found:
                    yield found
                    found = []
                below = walk(client, bucket, prefix=key, after=after, sorted_folders=sorted_folders)
                async for some in below:
                    yield some
        if found:
            yield found
            found = []


def _is_bare_folder(entry: Entry) -> bool:
    # A folder that lost its last object is listed as one for a while, but without the ETag that a marker has.
    return entry.key.endswith("/") and not info_of(entry).version.etag


async def _folder(
    client: SignedClient, bucket: str, *, prefix: str, sorted_folders: bool
) -> AsyncIterator[Sequence[Entry]]:
    held: list[Entry] = []
    async for answer in object_answers(client, bucket, prefix=prefix, delimiter="/"):
        held += answer.objects
        held += answer.folders
        held.sort(key=itemgetter(0))
        if sorted_folders:
            last = _last_name(answer)
            # What comes later has a name after `last`, so nothing up to `last` can still be overtaken.
            ready = [entry for entry in held if entry.key <= last]
            held = held[len(ready) :]
            yield ready
    yield held


def _last_name(answer: Answer) -> str:
    return max(
        [entry.key for entry in answer.objects[-1:]] + [folder.key[:-1] for folder in answer.folders[-1:]], default=""
    )
