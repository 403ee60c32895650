"""Where deployed services are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from statuette.events.feeds import Feed
from statuette.spec import Service


class Readiness(StrEnum):
    """Whether a service can run."""

    PREPARING = "preparing"
    """Its image or Python environment is being made."""
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRecord:
    """A deployed service. `definition` is what the user sent, validated, with secret values blanked.

    `secrets` are the blanked values by their path in the definition (`environment.secrets.X`,
    `storage_providers.minio.X.secret_key`); they are encrypted wherever they are kept. `incarnation` names this life
    of the service; `revision` counts its definitions from 1. Times are seconds since the epoch.
    """

    definition: Service
    incarnation: str
    revision: int
    token: str
    owner: str
    created: float
    updated: float
    feeds: tuple[Feed, ...] = ()
    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        return self.definition.name


class ServiceLedger(Protocol):
    """Raises `LedgerUnavailable`."""

    async def add(self, record: ServiceRecord) -> None:
        """Keep a new service. Raises `Conflict` when the name is taken."""

    async def replace(self, record: ServiceRecord) -> None:
        """Keep the next revision. Raises `Conflict` unless the kept revision is the one before, `NotFound` when it is
        gone.
        """

    async def remove(self, name: str, *, incarnation: str = "") -> None:
        """Drop a service, its feeds and what they saw, and withdraw its jobs that nobody runs. Job records stay.
        Idempotent. With `incarnation`, only that life of it: one made again under the same name stays.
        """

    async def all(self) -> Sequence[ServiceRecord]: ...


class ServiceChanges(Protocol):
    """What other managers changed, asked often. Raises `LedgerUnavailable`."""

    async def count(self) -> int:
        """Moves on with every change of a service or of the vault; one row is read."""

    async def heads(self) -> Mapping[str, tuple[str, int]]:
        """Each service's incarnation and revision, by its name."""

    async def records(self, names: Sequence[str]) -> Sequence[ServiceRecord]:
        """The named services, in order of name; those that are gone are left out."""
