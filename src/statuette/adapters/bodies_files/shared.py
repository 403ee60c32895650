"""Bodies that any of several managers may need: files here only while they are written or read, kept in a bucket.

A body is in the bucket before its job is accepted, so a manager that dies takes none with it. The folder holds copies
only and is emptied at each start.
"""

import os
from pathlib import Path

from statuette.adapters.bodies_files.bodies import FileBodies
from statuette.events.objects import ObjectRef
from statuette.ports.buckets import Buckets
from statuette.ports.errors import NotFound
from statuette.ports.objects import Objects

_FOLDER = "bodies/"


class SharedBodies(FileBodies):
    """Bodies in `bucket`, with copies in `root`. Besides what files raise, `StoreUnavailable`."""

    def __init__(self, root: Path, *, bucket: str, objects: Objects, buckets: Buckets) -> None:
        super().__init__(root)
        for copy in root.iterdir():
            copy.unlink()
        self._bucket = bucket
        self._objects = objects
        self._buckets = buckets

    async def share(self, name: str) -> None:
        """Store it and keep no copy."""
        place = self._place(name)
        try:
            await self._put(name, place)
        except NotFound:
            await self._buckets.create(self._bucket)
            await self._put(name, place)
        place.unlink()

    async def fetch(self, name: str) -> None:
        place = self._place(name)
        if place.exists():
            return
        part = place.with_name(f"{name}.{os.urandom(4).hex()}.part")
        try:
            with part.open("xb") as sink:
                part.chmod(0o600)
                await self._objects.fetch(self._ref(name), sink)
            part.rename(place)
        finally:
            part.unlink(missing_ok=True)

    async def drop(self, name: str) -> None:
        await super().drop(name)
        try:
            await self._objects.remove(self._bucket, [_FOLDER + name])
        except NotFound:  # nothing was ever shared
            return

    async def _put(self, name: str, place: Path) -> None:
        with place.open("rb") as source:
            await self._objects.put(self._ref(name), source, size=os.fstat(source.fileno()).st_size, metadata={})

    def _place(self, name: str) -> Path:
        return Path(self.path(name))

    def _ref(self, name: str) -> ObjectRef:
        return ObjectRef(bucket=self._bucket, key=_FOLDER + name)
