"""Where runners live."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from statuette.events.jobs import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What has to be there before a service's runners can start, made once: a container image or a Python
    environment.
    """

    image: str
    python_requirements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder of the host that the script sees at `guest`, an absolute path, besides its own workspace: a volume, a
    bucket mounted as a folder. The script's user may write into it unless `read_only`.
    """

    host: Path
    guest: str
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerOrder:
    """A runner to be started. `id` is the caller's; whatever `start` has made is found again by it.

    `cpu` is millicores, `memory` bytes. `files` are put under `/oscar/config` read-only (name → content). `variables`
    are the same for every run. `network`: whether it may reach outward. `credential` is by which a supervisor in a
    process of its own says whose it is ("": it has none); never the script's.
    """

    id: str
    service: str
    revision: int
    environment: Environment
    cpu: int
    memory: int
    gpu: bool = False
    network: bool = True
    files: Mapping[str, bytes] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    folders: tuple[Folder, ...] = ()
    credential: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrder:
    """One run of the script in a started runner.

    `id` is random and unknown to the script. `variables` are this run's own. `timeout` in seconds, 0 for none.
    """

    id: str
    variables: Mapping[str, str] = field(repr=False)
    timeout: float = 0.0


class End(StrEnum):
    """Why a run is over."""

    EXITED = "exited"
    TIMED_OUT = "timed_out"
    KILLED = "killed"
    """By `Runner.kill`."""
    DIED = "died"
    """The runner itself is gone."""
    OUT_OF_MEMORY = "out_of_memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """How a run ended. By then nothing that the script started is alive: checked from outside, not believed.

    `started` and `ended` are wall-clock seconds. `exit_code` is None unless `EXITED`.
    """

    end: End
    exit_code: int | None
    started: float
    ended: float
    usage: Usage = Usage()
    reason: str = ""


class Output(Protocol):
    """Takes what the script writes, live, in arrival order; `stream` is "stdout" or "stderr". Must not block."""

    def __call__(self, stream: str, data: bytes) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The folders through which files pass in and out of a runner.

    `host` is the folder as the supervisor sees it, with the sub-folders `in` and `out`; `guest` is where the script
    sees it. The script may write anything into it at any time while it runs: whoever reads it from outside opens
    everything beneath descriptors. `owner` is the user and group id that the script's files have outside.
    """

    host: Path
    guest: str
    owner: tuple[int, int]


class Runner(Protocol):
    """A started runner. One run at a time."""

    @property
    def id(self) -> str: ...

    @property
    def workspace(self) -> Workspace: ...

    async def run(self, order: RunOrder, output: Output) -> RunResult:
        """Run the script once and return when it and everything it started is dead and all its output was handed over.

        Never raises for what a script does. Cancelling this call kills the run first.
        """

    async def kill(self) -> None:
        """End the current run at once; `run` then returns `KILLED`. Without a run, nothing happens."""

    async def reset(self) -> bool:
        """Bring the runner back to its first state (temporary folders, working directory, workspace empty).

        False: it cannot be brought back (a changed file elsewhere, a process that will not die, dead); throw it away.
        """


class Preparation(StrEnum):
    """How far the making of an environment has come."""

    PULLING = "pulling"
    INSTALLING = "installing"
    READY = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One step of a preparation, for people to read: `text` is one line."""

    step: Preparation
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What this back end can hold in all: millicores, bytes, runners; and facts for `status` and `doctor` (name →
    words).
    """

    cpu: int
    memory: int
    runners: int
    gpus: int = 0
    facts: Mapping[str, str] = field(default_factory=dict)


class Backend(Protocol):
    """Starts and ends runners; what it made is found again by the runner's id."""

    def prepare(self, environment: Environment) -> AsyncGenerator[Progress, None]:
        """Make what the environment needs, or find it made; ends after `READY`.

        Raises `BadInput` for what cannot be had here (with what to install), `BackendUnavailable` for what may work
        later.
        """

    async def start(self, order: RunnerOrder) -> Runner:
        """Start a runner. When it fails or is cancelled at any step, `stop(order.id)` cleans up all that was made.

        Raises `BackendUnavailable`; `BadInput` when the environment is not prepared.
        """

    async def stop(self, runner: str) -> None:
        """End a runner, however far its start came, and remove all its traces. Idempotent."""

    async def recover(self) -> Sequence[Runner]:
        """Called once, before the first start: adopt what survived the last manager and end what cannot be adopted."""

    def capacity(self) -> Capacity: ...
