"""Bodies in memory; a file is made only for those whose path is asked."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

from statuette.ports.bodies import Bodies
from statuette.ports.errors import BadInput, NotFound, TooLarge


class MemoryBodies(Bodies):
    """Keeps bodies in `kept` by job id. `folder` is where `path` writes them, for those who read files."""

    def __init__(self, folder: Path) -> None:
        self.kept: dict[str, bytes] = {}
        self._folder = folder

    async def keep(self, job: str, chunks: AsyncIterator[bytes], *, limit: int) -> tuple[str, str]:
        _check(job)
        body = b""
        async for chunk in chunks:
            body += chunk
            if len(body) > limit:
                raise TooLarge(f"the body is larger than {limit} bytes")
        self.kept[job] = body
        return job, hashlib.sha256(body).hexdigest()

    def path(self, name: str) -> str:
        _check(name)
        place = self._folder / name
        if name in self.kept:
            place.write_bytes(self.kept[name])
        return str(place)

    async def share(self, name: str) -> None:
        """Nothing: whoever has this twin has them all."""

    async def fetch(self, name: str) -> None:
        if name not in self.kept:
            raise NotFound("there is no such body")

    async def drop(self, name: str) -> None:
        _check(name)
        self.kept.pop(name, None)
        (self._folder / name).unlink(missing_ok=True)


def _check(name: str) -> None:
    if not name or "/" in name or "\0" in name or name.startswith(".") or len(name) > 200:
        raise BadInput("this id cannot be a file's name")
