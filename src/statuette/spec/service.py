"""The service definition (skeleton: being widened)."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")


class Environment(Part):
    variables: dict[str, str] = {}
    secrets: dict[str, str] = {}


class Synchronous(Part):
    min_scale: int = 0
    max_scale: int = 0


class Expose(Part):
    min_scale: int = 1
    max_scale: int = 10
    api_port: list[int] = []


class InputPath(Part):
    storage_provider: str
    path: str
    process_existing: bool = False

    @property
    def bucket(self) -> str:
        return self.path.partition("/")[0]

    @property
    def folder(self) -> str:
        return self.path.partition("/")[2]


class OutputPath(Part):
    storage_provider: str
    path: str
    prefix: list[str] = []
    suffix: list[str] = []

    @property
    def bucket(self) -> str:
        return self.path.partition("/")[0]

    @property
    def folder(self) -> str:
        return self.path.partition("/")[2]


class Mount(Part):
    storage_provider: str = ""
    path: str = ""


class RunnerOptions(Part):
    reuse: Literal["user", "never", "service"] = "user"
    idle_timeout: int = 60


class Python(Part):
    requirements: list[str] = []


class Service(Part):
    name: str
    image: str
    script: str
    cpu: str = "0.2"
    memory: str = "256Mi"
    log_level: str = "INFO"
    file_stage_in: bool = False
    enable_gpu: bool = False
    input: list[InputPath] = []
    output: list[OutputPath] = []
    environment: Environment = Environment()
    synchronous: Synchronous = Synchronous()
    expose: Expose = Expose()
    storage_providers: dict[str, dict[str, Any]] = Field(default_factory=dict)
    visibility: str = "private"
    isolation_level: str = ""
    timeout: int | None = None
    on_failure: Literal["discard", "publish"] = "discard"
    network: Literal["outward", "none"] = "outward"
    runner: RunnerOptions = RunnerOptions()
    python: Python | None = None
