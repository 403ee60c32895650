"""What the platform answers, typed. Fields nobody here knows are kept (`extra="allow"`), so output shows everything."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

# The order in which a piece of work passes its stages.
STAGES = ("stored", "seen", "leased", "fetched", "started", "ended", "sealed", "committed", "published")


class Answer(BaseModel):
    """Something the platform said."""

    model_config = ConfigDict(frozen=True, extra="allow")

    def plain(self) -> dict[str, Any]:
        """As JSON-ready values, without fields that have none."""
        return self.model_dump(mode="json", exclude_none=True)


class Path(Answer):
    """One input or output: `path` is `bucket/folder`."""

    storage_provider: str = ""
    path: str = ""

    @property
    def bucket(self) -> str:
        return self.path.partition("/")[0]

    @property
    def folder(self) -> str:
        return self.path.partition("/")[2]

    @property
    def on_the_platform(self) -> bool:
        """True when this path lies in the platform's own store."""
        return self.storage_provider.lower() in ("minio", "minio.default")

    def holds(self, place: str) -> bool:
        """True when `place` (`bucket/key`) lies beneath this path."""
        return place.startswith(self.path.rstrip("/") + "/")


class Preparation(Answer):
    """How far a service's preparation is. `state` is preparing, ready or failed; `detail` says more in words."""

    state: str = "ready"
    detail: str = ""


class Service(Answer):
    """A deployed service: the fields the client works with, all others beside them."""

    name: str
    image: str = ""
    cpu: str = ""
    memory: str = ""
    input: list[Path] = []
    output: list[Path] = []
    storage_providers: dict[str, dict[str, dict[str, Any]]] = {}
    status: Preparation = Preparation()


class JobSummary(Answer):
    """A line of a job list. `status` is the contract's word, `state` the exact state (an extra field)."""

    status: str
    creation_time: datetime | None = None
    start_time: datetime | None = None
    finish_time: datetime | None = None
    state: str = ""
    exit_code: int | None = None
    reason: str | None = None
    attempts: int = 0
    object: str | None = None
    stages: dict[str, datetime] = {}

    @property
    def ended(self) -> bool:
        """True when nothing more will happen to it by itself."""
        return self.status in ("Succeeded", "Failed")

    @property
    def failed(self) -> bool:
        return self.status == "Failed"


class JobPage(Answer):
    """A page of jobs, newest first."""

    jobs: dict[str, JobSummary] = {}
    next_page: str | None = None


class Attempt(Answer):
    """One execution of a job. `usage` holds `cpu_seconds` and `memory_peak` (bytes)."""

    number: int
    runner: str = ""
    start_time: datetime | None = None
    finish_time: datetime | None = None
    outcome: str | None = None
    exit_code: int | None = None
    reason: str | None = None
    stages: dict[str, datetime] = {}
    usage: dict[str, int | float | None] | None = None


class Output(Answer):
    """An object that a job published. `size` is in bytes."""

    bucket: str
    key: str
    size: int = 0


class Job(Answer):
    """One job with its attempts and what it published. `cancelling` says why its run is about to be ended."""

    name: str
    status: str
    state: str = ""
    reason: str | None = None
    cancelling: str | None = None
    exit_code: int | None = None
    attempts: list[Attempt] = []
    object: str | None = None
    stages: dict[str, datetime] = {}
    outputs: list[Output] = []


class Settled(Answer):
    """To how many jobs something was done; `left` are the named ones that it did not fit."""

    done: int = 0
    left: list[str] = []


class Replayed(Answer):
    """What a replay did so far: objects looked at, meant, made jobs of; `unknown` were named and are not there. `next`
    says where to go on.
    """

    replay: str = ""
    listed: int = 0
    matched: int = 0
    accepted: int = 0
    unknown: list[str] = []
    next: str | None = None

    def plus(self, other: "Replayed") -> "Replayed":
        """The sum of two parts of one replay, which goes on where the other says."""
        return Replayed(
            replay=other.replay,
            listed=self.listed + other.listed,
            matched=self.matched + other.matched,
            accepted=self.accepted + other.accepted,
            unknown=self.unknown + other.unknown,
            next=other.next,
        )


class Swept(Answer):
    """What a sweep did: objects looked at, jobs made of unseen ones, sightings dropped, inputs that failed."""

    listed: int = 0
    recovered: int = 0
    forgotten: int = 0
    failed: int = 0


class StoreKeys(Answer):
    """Where the object store is and the caller's own key. Never logged: `secret_key` is no part of `repr`."""

    endpoint: str
    region: str = "us-east-1"
    access_key: str = ""
    secret_key: str = Field("", repr=False)
    verify: bool = True


class Config(Answer):
    """The platform's configuration as far as a client needs it."""

    config: dict[str, Any] = {}
    minio_provider: StoreKeys


class Info(Answer):
    """Which platform this is."""

    version: str
    architecture: str = ""


class Status(Answer):
    """How the platform is; `statuette` holds what goes beyond the contract."""

    statuette: dict[str, Any] = {}
