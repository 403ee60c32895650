"""Events as the store's stream brings them, and services that listen, without a store."""

import time
from collections.abc import Mapping

from statuette.core.catalog import Catalog
from statuette.core.commits import CommitMarks
from statuette.core.intake import Intake
from statuette.events.feeds import Feed
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.ports.clock import Clock
from statuette.ports.intake import IntakeLedger
from statuette.ports.services import ServiceRecord
from statuette.ports.store_events import Notice
from statuette.spec import Service

STREAM = "bench"


def catalog(services: int) -> Catalog:
    """So many services, each with a folder of its own in one bucket."""
    made = Catalog()
    for number in range(services):
        made.put(record(f"service-{number}"))
    return made


def record(name: str, *, bucket: str = "bench") -> ServiceRecord:
    """A deployed service that listens to `<bucket>/<name>/` and writes to `<bucket>/<name>-out`."""
    places = {
        "input": [{"storage_provider": "minio.default", "path": f"{bucket}/{name}"}],
        "output": [{"storage_provider": "minio.default", "path": f"{bucket}/{name}-out"}],
    }
    definition = Service.model_validate({"name": name, "image": "host", "script": "cat\n"} | places)
    feed = Feed(
        id=f"feed-{name}", service=name, incarnation=f"life-{name}", provider="minio.default", bucket=bucket,
        prefix=f"{name}/", since=0,
    )  # fmt: skip
    return ServiceRecord(
        definition=definition, incarnation=f"life-{name}", revision=1,
        token=f"token-{name}", owner="bench", created=0.0, updated=0.0, feeds=(feed,),
    )  # fmt: skip


def intake(ledger: IntakeLedger, services: Catalog, clock: Clock) -> Intake:
    """The core's intake over a ledger; nobody is woken."""
    return Intake(ledger=ledger, catalog=services, marks=CommitMarks(b"k" * 32), clock=clock, wake=_nobody)


def _nobody(news: Mapping[str, int]) -> None:
    del news


class Stream:
    """Notices of new objects, spread over the services in turn; no name comes twice."""

    def __init__(self, services: int) -> None:
        self._services = services
        self._count = 0

    def batch(self, size: int) -> list[Notice]:
        """The next notices."""
        return [self._next() for _ in range(size)]

    def _next(self) -> Notice:
        self._count += 1
        now = time.time_ns()
        version = ObjectVersion(etag=f"{self._count:032x}", size=1000, modified=now // 10**9)
        key = f"service-{self._count % self._services}/{now}-{self._count}.png"
        return Notice(position=now, ref=ObjectRef(bucket="bench", key=key, version=version))
