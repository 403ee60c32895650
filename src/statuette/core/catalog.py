"""The deployed services in memory: by name, and by the buckets and folders they listen to.

The ledger keeps them; this index is filled from it at start and changed after it.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from statuette.events.feeds import Feed
from statuette.ports.errors import NotFound
from statuette.ports.services import Readiness, ServiceRecord


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether a service can run, and a line for people about it."""

    readiness: Readiness
    detail: str = ""


class Catalog:
    """All services of this manager."""

    def __init__(self) -> None:
        self._records: dict[str, ServiceRecord] = {}
        self._conditions: dict[str, Condition] = {}
        self._feeds: dict[tuple[str, str], dict[str, Feed]] = defaultdict(dict)
        self._tokens: dict[str, str] = {}

    def put(self, record: ServiceRecord) -> None:
        """Add a service or replace its definition."""
        self.drop(record.name)
        self._records[record.name] = record
        self._conditions[record.name] = Condition(Readiness.PREPARING)
        self._tokens[_digest(record.token)] = record.name
        for feed in record.feeds:
            self._feeds[feed.bucket, feed.prefix][feed.id] = feed

    def drop(self, name: str) -> None:
        """Forget a service; nothing happens when it is unknown."""
        record = self._records.pop(name, None)
        self._conditions.pop(name, None)
        if record is not None:
            self._tokens.pop(_digest(record.token), None)
        for feed in record.feeds if record else ():
            feeds = self._feeds[feed.bucket, feed.prefix]
            feeds.pop(feed.id, None)
            if not feeds:
                del self._feeds[feed.bucket, feed.prefix]

    def get(self, name: str) -> ServiceRecord:
        """Raises `NotFound`."""
        record = self._records.get(name)
        if record is None:
            raise NotFound(f"there is no service {name!r}")
        return record

    def find(self, name: str) -> ServiceRecord | None:
        return self._records.get(name)

    def holder(self, digest: str) -> str | None:
        """The service whose token has this SHA-256 (hex); tokens themselves are never compared."""
        return self._tokens.get(digest)

    def all(self) -> list[ServiceRecord]:
        return list(self._records.values())

    def feeds(self) -> list[Feed]:
        return [feed for feeds in self._feeds.values() for feed in feeds.values()]

    def listening(self, bucket: str, key: str) -> Iterator[Feed]:
        """The feeds that take this object: one look-up per folder of the key, however many services there are."""
        end = 0
        while True:
            for feed in self._feeds.get((bucket, key[:end]), {}).values():
                if feed.takes(bucket, key):
                    yield feed
            end = key.find("/", end) + 1
            if end == 0:
                return

    def condition(self, name: str) -> Condition:
        return self._conditions.get(name, Condition(Readiness.FAILED, "not deployed"))

    def set_condition(self, record: ServiceRecord, condition: Condition) -> None:
        """Note how a service stands, unless it has been replaced or removed in the meantime."""
        if self._records.get(record.name) is record:
            self._conditions[record.name] = condition

    def users_of_bucket(self, bucket: str) -> list[str]:
        """Names of the services that name the bucket as input, output or mount."""
        return [record.name for record in self._records.values() if bucket in buckets_of(record)]

    def publishes_to(self, bucket: str, prefix: str) -> bool:
        """Whether some service's output may land beneath this folder; outputs may lie in sub-folders of their own."""
        return any(
            output.bucket == bucket
            and (f"{output.folder}/".startswith(prefix) or prefix.startswith(f"{output.folder}/"))
            for record in self._records.values()
            for output in record.definition.output
        )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def buckets_of(record: ServiceRecord) -> set[str]:
    """The default store's buckets that a service names."""
    definition = record.definition
    paths = [*definition.input, *definition.output]
    buckets = {path.bucket for path in paths if path.storage_provider == DEFAULT_PROVIDER}
    if definition.mount.storage_provider == DEFAULT_PROVIDER and definition.mount.path:
        buckets.add(definition.mount.path.partition("/")[0])
    return buckets


DEFAULT_PROVIDER = "minio.default"
"""How definitions name the cluster's own store."""
