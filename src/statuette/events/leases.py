"""What passes between who keeps the jobs and who runs them: leases, commits, reports."""

from dataclasses import dataclass, field

from statuette.events.jobs import Outcome, Stage, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to run one attempt. `attempt` is the fencing token: a write with an older one is refused."""

    job: str
    attempt: int
    runner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestEntry:
    """One output file: `name` relative to the output folder ("/" between parts), `size` in bytes, hex SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """All that one attempt wants to publish. `sealed` names its sealed folder, so that an upload can be gone on
    with.
    """

    entries: tuple[ManifestEntry, ...]
    sealed: str = ""
    exit_code: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One attempt's manifest, made the one that counts.

    `stale` are names that only an earlier generation listed: what was uploaded of them is removed.
    """

    id: str
    job: str
    generation: int
    manifest: Manifest
    stale: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How an attempt ended, or how far it has come, with the stages' times since the last word (seconds since the
    epoch).

    `stdout` and `stderr` are what a call's script said where that is short; longer words lie in files of its sealed
    folder.
    """

    outcome: Outcome
    exit_code: int | None = None
    reason: str = ""
    stages: dict[Stage, float] = field(default_factory=dict)
    usage: Usage = Usage()
    stdout: bytes = b""
    stderr: bytes = b""
