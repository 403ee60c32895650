"""Files in buckets, put and got straight at the store with the caller's own key: no byte passes the manager."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import MemoryStore, S3Store

from statuette.client.errors import BadRequest, StoreError
from statuette.client.models import Service, StoreKeys
from statuette.client.system import System

if TYPE_CHECKING:  # the library has it for type checkers only
    from obstore.store import ClientConfig

Bucket = S3Store | MemoryStore
Result = TypeVar("Result")
OpenBucket = Callable[[StoreKeys, str], Bucket]
Progress = Callable[[int], None]  # called with the number of bytes that went since the last time

PIECE = 1024 * 1024  # bytes read or written at a time
ONE_REQUEST = 8 * PIECE  # files up to this size go in a single PUT


@dataclass(frozen=True)
class StoredFile:
    """An object in a bucket. `place` is `bucket/key`, `size` in bytes."""

    place: str
    size: int
    modified: datetime


@dataclass(frozen=True)
class Place:
    """Where an object is: a provider's keys, a bucket, a key."""

    keys: StoreKeys
    bucket: str
    key: str


def open_s3(keys: StoreKeys, bucket: str) -> S3Store:
    """A bucket of an S3 store, addressed by path as the contract says."""
    options: ClientConfig = {"allow_http": keys.endpoint.startswith("http://")}
    if not keys.verify:
        options["allow_invalid_certificates"] = True
    return S3Store(
        bucket,
        endpoint=keys.endpoint or None,
        region=keys.region or "us-east-1",
        access_key_id=keys.access_key,
        secret_access_key=keys.secret_key,
        virtual_hosted_style_request=False,
        client_options=options,
    )


def unseen(count: int) -> None:
    """Nobody looks at the progress."""
    del count


class Files:
    """The files of one platform's services. Paths are `bucket/key`; `provider` is as in a service's input."""

    def __init__(self, system: System, *, open_bucket: OpenBucket = open_s3) -> None:
        """`open_bucket` takes the place of S3 (a store in memory)."""
        self._system = system
        self._open = open_bucket

    async def keys(self, provider: str, *, service: Service | None = None) -> StoreKeys:
        """The keys of a provider: the platform's own store, or one that the service's definition brings along."""
        kind, _, name = provider.lower().partition(".")
        if kind == "minio" and name in ("", "default"):
            return (await self._system.config()).minio_provider
        if kind not in ("minio", "s3"):
            raise BadRequest(
                status=400, text=f"files of the provider {provider!r} can not be reached: only minio and s3"
            )
        return given_keys(provider, service.storage_providers if service else {})

    async def put(self, local: Path, place: Place, *, progress: Progress = unseen) -> None:
        """Upload a file; big ones in parts, never whole in memory. Raises `StoreError`, `OSError` for the file."""
        with store_errors(f"putting {place.bucket}/{place.key}"), local.open("rb") as file:
            if place.key.strip("/") != place.key:  # the library would fold it to another key
                raise ValueError("it begins or ends with a slash")
            bucket = self._open(place.keys, place.bucket)
            await in_thread(lambda stop: send(bucket, place.key, pieces_of=Reading(file, progress, stop)))

    async def get(self, place: Place, into: BinaryIO, *, progress: Progress = unseen) -> None:
        """Download an object into an open file, piece by piece. Raises `StoreError`."""
        with store_errors(f"getting {place.bucket}/{place.key}"):
            bucket = self._open(place.keys, place.bucket)
            await in_thread(lambda stop: fetch(bucket, place.key, into=into, progress=progress, stop=stop))

    async def size(self, place: Place) -> int:
        """How many bytes an object has. Raises `StoreError`."""
        with store_errors(f"looking at {place.bucket}/{place.key}"):
            bucket = self._open(place.keys, place.bucket)
            return await in_thread(lambda stop: bucket.head(place.key)["size"])  # noqa: ARG005  # short

    async def beneath(self, folder: Place) -> AsyncIterator[StoredFile]:
        """Every object beneath a folder, in the store's order; folder markers are left out. Raises `StoreError`."""
        with store_errors(f"listing {folder.bucket}/{folder.key}"):
            batches = iter(self._open(folder.keys, folder.bucket).list(prefix=folder.key or None))
            while batch := await in_thread(lambda stop: next(batches, None)):  # noqa: ARG005  # one page
                for found in batch:
                    if found["path"] != folder.key.rstrip("/") or found["size"]:
                        place = f"{folder.bucket}/{found['path']}"
                        yield StoredFile(place=place, size=found["size"], modified=found["last_modified"])


@dataclass(frozen=True)
class Reading:
    """A file being sent: in pieces, telling how many bytes went, until `stop` is set."""

    file: BinaryIO
    progress: Progress
    stop: threading.Event

    def __iter__(self) -> Iterator[bytes]:
        while not self.stop.is_set() and (piece := self.file.read(PIECE)):
            yield piece
            self.progress(len(piece))
        if self.stop.is_set():  # an upload that ended here would be a shortened object
            raise InterruptedError("stopped")


def send(bucket: Bucket, key: str, *, pieces_of: Reading) -> None:
    """Upload a file: a small one in a single request, so that it is there whole or not at all."""
    if os.fstat(pieces_of.file.fileno()).st_size <= ONE_REQUEST:
        bucket.put(key, b"".join(pieces_of), use_multipart=False)
    else:
        bucket.put(key, iter(pieces_of))


def fetch(bucket: Bucket, key: str, *, into: BinaryIO, progress: Progress, stop: threading.Event) -> None:
    """Download an object, until `stop` is set."""
    for piece in bucket.get(key).stream(min_chunk_size=PIECE):
        if stop.is_set():
            return
        into.write(piece)
        progress(len(piece))


async def in_thread(work: Callable[[threading.Event], Result]) -> Result:
    """Run a blocking transfer beside the event loop; when the caller is cancelled the transfer is told to stop.

    Not the library's own coroutines: their threads may still let go of Python objects while the interpreter ends, and
    then the whole process aborts (seen with obstore 0.12 and Python 3.11: exit by SIGABRT after all was done).
    """
    stop = threading.Event()
    try:
        return await asyncio.to_thread(work, stop)
    finally:
        stop.set()


def given_keys(provider: str, providers: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> StoreKeys:
    """The keys of `minio.X` or `s3.X` out of a service's definition. Raises `BadRequest` when they are not in it."""
    kind, _, name = provider.lower().partition(".")
    for known, entries in providers.items():
        for entry, fields in entries.items():
            if (known.lower(), entry.lower()) == (kind, name or "default"):
                return StoreKeys.model_validate({"endpoint": "", **fields})
    raise BadRequest(status=400, text=f"the service's definition has no storage provider {provider!r}")


@contextmanager
def store_errors(doing: str) -> Iterator[None]:
    """Turn the store library's errors into `StoreError`; only their first line is words for a person."""
    try:
        yield
    except FileNotFoundError as error:
        raise StoreError(f"{doing}: there is no such object or bucket") from error
    except (PermissionError, PermissionDeniedError, UnauthenticatedError) as error:
        raise StoreError(f"{doing}: your key has no right to do this") from error
    except ValueError as error:
        raise StoreError(f"{doing}: the key is not one the store can hold ({str(error).splitlines()[0]})") from error
    except (BaseError, OSError) as error:
        lines = str(error).splitlines() or [type(error).__name__]
        raise StoreError(f"{doing}: {lines[0][:300]}") from error
