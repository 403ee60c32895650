"""Files in buckets, put and got straight at the store with the caller's own key: no byte passes the manager."""

import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import MemoryStore, S3Store

from statuette.client.errors import BadRequest, StoreError
from statuette.client.models import Service, StoreKeys
from statuette.client.system import System

if TYPE_CHECKING:  # the library has it for type checkers only
    from obstore.store import ClientConfig

Bucket = S3Store | MemoryStore
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
        with local.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            with store_errors(f"putting {place.bucket}/{place.key}"):
                if place.key.strip("/") != place.key:  # the library would fold it to another key
                    raise ValueError("it begins or ends with a slash")
                bucket = self._open(place.keys, place.bucket)
                if size <= ONE_REQUEST:
                    await bucket.put_async(place.key, file.read(), use_multipart=False)
                    progress(size)
                else:
                    await bucket.put_async(place.key, pieces(file, progress))

    async def get(self, place: Place, into: BinaryIO, *, progress: Progress = unseen) -> None:
        """Download an object into an open file, piece by piece. Raises `StoreError`."""
        with store_errors(f"getting {place.bucket}/{place.key}"):
            found = await self._open(place.keys, place.bucket).get_async(place.key)
            async for piece in found.stream(min_chunk_size=PIECE):
                into.write(piece)
                progress(len(piece))

    async def size(self, place: Place) -> int:
        """How many bytes an object has. Raises `StoreError`."""
        with store_errors(f"looking at {place.bucket}/{place.key}"):
            return (await self._open(place.keys, place.bucket).head_async(place.key))["size"]

    async def beneath(self, folder: Place) -> AsyncIterator[StoredFile]:
        """Every object beneath a folder, in the store's order; folder markers are left out. Raises `StoreError`."""
        with store_errors(f"listing {folder.bucket}/{folder.key}"):
            async for batch in self._open(folder.keys, folder.bucket).list(prefix=folder.key or None):
                for found in batch:
                    if found["path"] != folder.key.rstrip("/") or found["size"]:
                        place = f"{folder.bucket}/{found['path']}"
                        yield StoredFile(place=place, size=found["size"], modified=found["last_modified"])


def given_keys(provider: str, providers: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> StoreKeys:
    """The keys of `minio.X` or `s3.X` out of a service's definition. Raises `BadRequest` when they are not in it."""
    kind, _, name = provider.lower().partition(".")
    for known, entries in providers.items():
        for entry, fields in entries.items():
            if (known.lower(), entry.lower()) == (kind, name or "default"):
                return StoreKeys.model_validate({"endpoint": "", **fields})
    raise BadRequest(status=400, text=f"the service's definition has no storage provider {provider!r}")


def pieces(file: BinaryIO, progress: Progress) -> Iterator[bytes]:
    """A file in pieces, telling how many bytes went."""
    while piece := file.read(PIECE):
        yield piece
        progress(len(piece))


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
