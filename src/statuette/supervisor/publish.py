"""Publishing: what was committed is uploaded from the sealed folder, and what only an older generation listed is
removed.
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from statuette.events.leases import Manifest, ManifestEntry
from statuette.events.objects import ObjectRef
from statuette.ports.errors import Fault, LeaseLost, UnsafeOutput
from statuette.ports.objects import Objects
from statuette.ports.work import CommitPage, Upload
from statuette.supervisor.folders import folder, regular_file
from statuette.supervisor.seal import sha256

COMMIT = "statuette-commit"
"""Name of the metadata that says which commit an object came from."""


class SealedLost(Fault):
    """The sealed folder is gone, or does not hold what was committed."""


class Publication:
    """The upload of one manifest from the folder `place`.

    `resumed`: an earlier attempt began it, so each object is looked at (`HEAD`) before it is stored again, and each
    file is checked against the manifest's SHA-256: a machine that lost power may have kept the name and not the
    bytes. `lost` tells whether another attempt counts by now.
    """

    def __init__(
        self, objects: Objects, *, place: Path, manifest: Manifest, resumed: bool, lost: Callable[[], bool]
    ) -> None:
        self._objects = objects
        self._place = place
        self._entries: Mapping[str, ManifestEntry] = {entry.name: entry for entry in manifest.entries}
        self._resumed = resumed
        self._lost = lost

    async def page(self, page: CommitPage, *, parallel: int) -> None:
        """Store a page's uploads, `parallel` at a time, then remove what is stale.

        Raises what the store raises, `LeaseLost` when `lost` says so, `SealedLost`.
        """
        uploads = await self._missing(page.uploads, parallel=parallel) if self._resumed else page.uploads
        if uploads:
            try:
                with folder(self._place) as out:
                    await self._uploads(uploads, out, parallel=parallel)
            except OSError as error:
                raise SealedLost("the sealed results are lost; the job is run again") from error
        for bucket, keys in _by_bucket(page.removals).items():
            self._check()
            await self._objects.remove(bucket, keys)

    async def _uploads(self, uploads: Sequence[Upload], out: int, *, parallel: int) -> None:
        if len(uploads) == 1:
            await self._upload(uploads[0], out)
            return
        waiting = iter(uploads)

        async def one_after_another() -> None:
            for upload in waiting:
                await self._upload(upload, out)

        tasks = [asyncio.create_task(one_after_another()) for _ in range(min(parallel, len(uploads)))]
        try:
            await asyncio.gather(*tasks)
        finally:
            # The descriptors beneath which the others still read are closed next, so they have to be over.
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _upload(self, upload: Upload, out: int) -> None:
        self._check()
        entry = self._entries[upload.name]
        try:
            with regular_file(upload.name, beneath=out) as descriptor:
                await self._put(upload, entry, descriptor)
        except UnsafeOutput as error:
            raise SealedLost("the sealed folder holds something else than what was committed") from error

    async def _put(self, upload: Upload, entry: ManifestEntry, descriptor: int) -> None:
        if os.fstat(descriptor).st_size != entry.size:
            raise SealedLost("a sealed file has another size than was committed")
        if self._resumed and entry.sha256:
            if await asyncio.to_thread(sha256, descriptor) != entry.sha256:
                raise SealedLost("a sealed file has another content than was committed")
            os.lseek(descriptor, 0, os.SEEK_SET)
        with os.fdopen(descriptor, "rb", closefd=False) as source:
            await self._objects.put(upload.target, source, size=entry.size, metadata=upload.metadata)

    async def _missing(self, uploads: Sequence[Upload], *, parallel: int) -> list[Upload]:
        """Those that an earlier attempt has not stored; where there are none, the folder is not needed any more."""
        gate = asyncio.Semaphore(parallel)

        async def stored(upload: Upload) -> bool:
            async with gate:
                self._check()
                return await self._stored(upload, self._entries[upload.name])

        found = await asyncio.gather(*map(stored, uploads))
        return [upload for upload, there in zip(uploads, found, strict=True) if not there]

    async def _stored(self, upload: Upload, entry: ManifestEntry) -> bool:
        info = await self._objects.head(upload.target)
        ours = upload.metadata.get(COMMIT)
        return info is not None and bool(ours) and info.metadata.get(COMMIT) == ours and info.version.size == entry.size

    def _check(self) -> None:
        if self._lost():
            raise LeaseLost


def _by_bucket(removals: Sequence[ObjectRef]) -> dict[str, list[str]]:
    keys: dict[str, list[str]] = {}
    for ref in removals:
        keys.setdefault(ref.bucket, []).append(ref.key)
    return keys
