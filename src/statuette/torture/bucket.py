"""Buckets as the torture needs them: one request a question, no patience built in, metadata and content together."""

import hashlib
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from obstore.exceptions import BaseError
from obstore.store import S3Store

from statuette.client.models import StoreKeys
from statuette.core.commits import COMMIT_METADATA

_TIMEOUT = timedelta(seconds=10)
_AT_ONCE = 8
Failed = (BaseError, OSError)
"""What an answer that is none raises here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An object as the store has it at the end. `place` is `bucket/key`; `commit` is the `<commit>.<generation>` of its
    mark, "" for none; `sha256` is of the content.
    """

    place: str
    etag: str
    size: int
    modified: int
    commit: str = ""
    sha256: str = ""


def opened(keys: StoreKeys, bucket: str) -> S3Store:
    """A bucket whose every request is tried once."""
    return S3Store(
        bucket,
        endpoint=keys.endpoint,
        region=keys.region,
        access_key_id=keys.access_key,
        secret_access_key=keys.secret_key,
        virtual_hosted_style_request=False,
        client_options={"allow_http": True, "timeout": _TIMEOUT},
        retry_config={"max_retries": 0, "retry_timeout": _TIMEOUT},
    )


def listed(store: S3Store, path: str) -> Iterator[Stored]:
    """Every object beneath `bucket/folder`, folder markers left out."""
    bucket, _, folder = path.partition("/")
    for page in store.list(folder + "/" if folder else None):
        for found in page:
            if found["size"] or not found["path"].endswith("/"):
                yield Stored(
                    place=f"{bucket}/{found['path']}",
                    etag=(found["e_tag"] or "").strip('"'),
                    size=found["size"],
                    modified=int(found["last_modified"].timestamp()),
                )


def looked_at(store: S3Store, objects: Iterable[Stored], *, stop: threading.Event) -> list[Stored]:
    """The same objects with mark and content."""

    def look(one: Stored) -> Stored:
        if stop.is_set():
            return one
        answer = store.get(one.place.partition("/")[2])
        mark = str(answer.attributes.get(COMMIT_METADATA, ""))
        commit = ".".join(mark.split(".")[:2])
        digest = hashlib.sha256(bytes(answer.bytes())).hexdigest()
        return Stored(
            place=one.place, etag=one.etag, size=one.size, modified=one.modified, commit=commit, sha256=digest
        )

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return list(threads.map(look, objects))
