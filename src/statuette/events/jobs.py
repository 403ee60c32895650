"""Jobs and attempts: the values the ledger keeps.

`JobState` lists the states; `transitions` says how one becomes another. On the wire there are only four states
(`wire_status`), the exact one stands beside them in an extra field.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from statuette.events.event import Event


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    """An earlier job of the same service and object has to end first."""
    QUEUED = "queued"
    RETRYING = "retrying"
    """Queued again after an attempt ended badly; not before `Job.not_before`."""
    LEASED = "leased"
    STARTED = "started"
    """The script is known to run (told by a renewal, so short jobs never show it)."""
    COMMITTED = "committed"
    """Exactly one attempt's list of outputs counts from here on; only uploading is left."""
    UNPUBLISHED = "unpublished"
    """Committed, and the upload could not be made: it is repaired and tried again without running the script."""
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    """The version of the object that this job was for is gone: a newer one replaced it, or it was deleted."""
    FAILED = "failed"
    """The script failed, with no retry left."""
    DEAD = "dead"
    """Given up after runner or platform faults."""
    CANCELLED = "cancelled"


LEASABLE = frozenset({JobState.QUEUED, JobState.RETRYING})
RUNNING = frozenset({JobState.LEASED, JobState.STARTED, JobState.COMMITTED, JobState.UNPUBLISHED})
DEAD_LETTERS = frozenset({JobState.FAILED, JobState.DEAD})
"""States of a job that gave up: it can be read and run again."""
FINAL = frozenset({JobState.PUBLISHED, JobState.SUPERSEDED, JobState.FAILED, JobState.DEAD, JobState.CANCELLED})

_WIRE = (
    dict.fromkeys((JobState.WAITING, JobState.QUEUED, JobState.RETRYING), "Pending")
    | dict.fromkeys(RUNNING, "Running")
    | dict.fromkeys((JobState.PUBLISHED, JobState.SUPERSEDED), "Succeeded")
    | dict.fromkeys((JobState.FAILED, JobState.DEAD, JobState.CANCELLED), "Failed")
)


def wire_status(state: JobState) -> str:
    """The contract's word for a state: `Pending`, `Running`, `Succeeded` or `Failed`."""
    return _WIRE[state]


class Stage(StrEnum):
    """Moments in a job's life, each kept with its wall-clock time in seconds."""

    STORED = "stored"
    SEEN = "seen"
    LEASED = "leased"
    FETCHED = "fetched"
    STARTED = "started"
    ENDED = "ended"
    SEALED = "sealed"
    COMMITTED = "committed"
    PUBLISHED = "published"


class Outcome(StrEnum):
    """How an attempt ended."""

    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    SCRIPT_FAILED = "script_failed"
    TIMED_OUT = "timed_out"
    RUNNER_DIED = "runner_died"
    OUT_OF_MEMORY = "out_of_memory"
    PLATFORM_FAULT = "platform_fault"
    """The store, the disk or the platform itself was at fault: costs the job nothing but time."""
    UNPUBLISHED = "unpublished"
    """Committed; the upload has to be tried again."""
    BAD_OUTPUT = "bad_output"
    """The output folder held more, larger or deeper things than allowed, or could not be read safely."""
    CANCELLED = "cancelled"
    RUNAWAY = "runaway"
    """Not run: too many services lie between what a person put and this input; a loop runs away."""
    RETURNED = "returned"
    """Handed back unharmed, by a manager that ends or a lease that ran out before the script started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How many further attempts a job gets for each kind of fault, and how long they wait.

    `delay` and `max_delay` are seconds: the n-th wait is `delay * 2**(n-1)`, at most `max_delay`. `max_age` is
    seconds since the job was accepted (or revived) after which no fault of any kind is tried again (0: never).
    A script that ends with one of `final` exit codes is not tried again.
    """

    script: int = 0
    runner: int = 2
    delay: float = 1.0
    max_delay: float = 300.0
    max_age: float = 0.0
    final: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job to be accepted. `id` is `<service>-<uuid4>`; `key` is what makes it one job and no second (see `keys`).

    `lane` joins the jobs that must run one after another (same service, bucket and key); "" for none.
    `stages` holds what is already known (`STORED`, `SEEN`). `deadline` is the time (seconds since the epoch)
    after which it is not worth beginning any more (0: never). With `supersede`, it takes the place of the jobs in its
    lane that are for older versions of the object and that nobody has begun.
    """

    id: str
    key: str
    service: str
    incarnation: str
    event: Event
    principal: str
    lane: str = ""
    priority: int = 0
    body_hash: str = ""
    stages: dict[Stage, float] = field(default_factory=dict)
    retries: Retries = Retries()
    deadline: float = 0.0
    supersede: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One durable unit of asynchronous work, as the ledger keeps it. Times are seconds since the epoch.

    `attempt` is the number of the current or last attempt (0: none yet) and at the same time the fencing token of its
    lease. `faults` counts the ended attempts by outcome. `generation` counts commits (0: none yet), `commit` is the
    id of the last one. `reason` is one line for people: why it waits, failed or was given up. `deadline` as
    in `NewJob`. `revived` is when a person had it run again (0: never): from then on its age counts anew and no
    deadline holds. `cancelling` is why its run is to be ended ("" unless somebody asked).
    """

    id: str
    key: str
    sequence: int
    service: str
    incarnation: str
    event: Event
    principal: str
    state: JobState
    accepted: float
    lane: str = ""
    priority: int = 0
    attempt: int = 0
    faults: dict[Outcome, int] = field(default_factory=dict)
    generation: int = 0
    commit: str = ""
    not_before: float = 0.0
    ended: float | None = None
    reason: str = ""
    exit_code: int | None = None
    runner: str = ""
    body_hash: str = ""
    stages: dict[Stage, float] = field(default_factory=dict)
    retries: Retries = Retries()
    deadline: float = 0.0
    revived: float = 0.0
    cancelling: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an attempt used: CPU seconds and the highest resident memory in bytes, as far as the machine tells."""

    cpu_seconds: float = 0.0
    memory_peak: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One execution of a job. `outcome` is None while it goes on. `revision` and `script_hash` say what ran."""

    job: str
    number: int
    runner: str
    leased: float
    revision: int = 0
    script_hash: str = ""
    outcome: Outcome | None = None
    exit_code: int | None = None
    reason: str = ""
    ended: float | None = None
    stages: dict[Stage, float] = field(default_factory=dict)
    usage: Usage = Usage()
