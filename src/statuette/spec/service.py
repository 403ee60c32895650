"""The service definition: every field of the contract, in the contract's order.

A definition from outside comes through `load_service` (`loading`), which completes and checks it; the models alone only
read and coerce. A new field: here or in its part, in `rules` when it has rules, then in the room that obeys it.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from statuette.spec.base import Part, Text, TextMap, Texts, Whole
from statuette.spec.extensions import OnOverwrite, Python, RetryRules, Reuse, RunnerOptions
from statuette.spec.federation import Cluster, Federation
from statuette.spec.kserve import Kserve
from statuette.spec.providers import StorageProviders
from statuette.spec.scaling import Expose, Synchronous
from statuette.spec.storage import InputPath, Mount, OutputPath, Volume, VolumeStatus

LOG_LEVELS = ("NOTSET", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
READ_ONLY = ("token", "owner", "namespace", "bucket_list", "volume_status", "deployment")
"""Fields that only the server sets; what a request says in them is dropped."""


def _unix_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _log_level(value: object) -> object:
    level = value.strip().upper() if isinstance(value, str) else value
    return level if level in LOG_LEVELS else "INFO"


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _or(default: str) -> BeforeValidator:
    """An empty text counts as not given."""
    return BeforeValidator(lambda value: default if value == "" else value)


def _users(users: list[str]) -> list[str]:
    return [user.strip() for user in users if user.strip()]


class Environment(Part):
    """Environment variables of the script; the values of `secrets` are kept apart and shown blank."""

    variables: TextMap = Field(default_factory=dict)
    secrets: TextMap = Field(default_factory=dict, repr=False)


class Service(Part):
    """What a user deploys. `cpu` and memory sizes are Kubernetes quantities, `timeout` is seconds (None: no limit)."""

    _optional: ClassVar[frozenset[str]] = frozenset(
        {"federation", "clusters", "volume", "kserve", "deployment", "image_pull_secrets", "namespace"}
        | {"timeout", "on_failure", "network", "runner", "python", "retries", "max_age", "deadline", "priority"}
        | {"on_overwrite", "allow_loop"}
    )

    name: Text
    cluster_id: Text = ""
    image: Text
    script: Annotated[Text, AfterValidator(_unix_lines)]
    memory: Annotated[Text, _or("256Mi")] = "256Mi"
    cpu: Annotated[Text, _or("0.2")] = "0.2"
    total_memory: Text = ""
    total_cpu: Text = ""
    ephemeral_storage_request: Text = ""
    enable_gpu: bool = False
    enable_sgx: bool = False
    image_prefetch: bool = False
    synchronous: Synchronous = Synchronous()
    expose: Expose = Expose()
    federation: Federation | None = None
    log_level: Annotated[Text, BeforeValidator(_log_level)] = "INFO"
    alpine: bool = False
    token: Text = Field(default="", repr=False)
    file_stage_in: bool = False
    input: list[InputPath] = Field(default_factory=list)
    output: list[OutputPath] = Field(default_factory=list)
    image_pull_secrets: Texts = Field(default_factory=list)
    environment: Environment = Environment()
    annotations: TextMap = Field(default_factory=dict)
    labels: TextMap = Field(default_factory=dict)
    vo: Text = ""
    storage_providers: StorageProviders = StorageProviders()
    clusters: dict[Text, Cluster] = Field(default_factory=dict)
    owner: Text = ""
    namespace: Text = ""
    interlink_node_name: Text = ""
    visibility: Annotated[Literal["private", "restricted", "public"], _or("private")] = "private"
    allowed_users: Annotated[Texts, AfterValidator(_users)] = Field(default_factory=list)
    isolation_level: Annotated[Literal["", "SERVICE", "USER"], BeforeValidator(_upper)] = ""
    bucket_list: Texts = Field(default_factory=list)
    mount: Mount = Mount()
    volume: Volume | None = None
    volume_status: VolumeStatus = VolumeStatus()
    deployment: dict[str, Any] | None = None
    kserve: Kserve | None = None
    # Extensions of ours (`extensions`), left out of the wire unless set.
    timeout: Whole | None = None
    on_failure: Literal["discard", "publish"] = "discard"
    network: Literal["outward", "none"] = "outward"
    runner: RunnerOptions = RunnerOptions()
    python: Python | None = None
    retries: RetryRules = RetryRules()
    max_age: Whole | None = None
    deadline: Whole | None = None
    priority: Whole = 0
    on_overwrite: OnOverwrite = "supersede"
    allow_loop: bool = False

    @property
    def reuse(self) -> Reuse:
        """When a runner may be used again; isolation by user forces `never`."""
        return "never" if self.isolation_level == "USER" else self.runner.reuse

    @property
    def exposed(self) -> bool:
        """Tell whether the script starts a server of its own."""
        return self.expose.exposed
