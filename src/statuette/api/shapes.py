"""The forms of the answers about jobs, made of the core's values. Field order is the order on the wire."""

from datetime import UTC, datetime

from pydantic import BaseModel

from statuette.core import JobDetails, Replayed, Settled, SweepCount
from statuette.events.jobs import Attempt, Job, Stage, wire_status
from statuette.ports.jobs import JobPage


class JobEntry(BaseModel):
    """One job in a list. Times are RFC 3339 in UTC: the contract's three in whole seconds, stages in microseconds."""

    status: str
    creation_time: str | None = None
    start_time: str | None = None
    finish_time: str | None = None
    state: str
    exit_code: int | None = None
    reason: str | None = None
    attempts: int
    object: str | None = None
    stages: dict[str, str]


class JobList(BaseModel):
    """A page of a service's jobs by id, newest first; `next_page` is missing on the last."""

    jobs: dict[str, JobEntry]
    next_page: str | None = None


class AttemptUsage(BaseModel):
    """CPU seconds and the highest resident memory in bytes."""

    cpu_seconds: float
    memory_peak: int


class AttemptEntry(BaseModel):
    """One execution of a job; `outcome` and `finish_time` are missing while it goes on."""

    number: int
    runner: str
    revision: int
    start_time: str | None = None
    finish_time: str | None = None
    outcome: str | None = None
    exit_code: int | None = None
    reason: str | None = None
    stages: dict[str, str]
    usage: AttemptUsage


class OutputEntry(BaseModel):
    """An object that the job's commit lists; `size` in bytes."""

    bucket: str
    key: str
    size: int


class JobDescription(BaseModel):
    """Everything about one job. `cancelling` says why its run is about to be ended."""

    name: str
    status: str
    state: str
    reason: str | None = None
    cancelling: str | None = None
    exit_code: int | None = None
    attempts: list[AttemptEntry]
    object: str | None = None
    stages: dict[str, str]
    outputs: list[OutputEntry]


class SettledAnswer(BaseModel):
    """To how many jobs it was done, and which named ones it did not fit."""

    done: int
    left: list[str]


class ReplayAnswer(BaseModel):
    """What a replay did under its name: objects looked at, meant, and made jobs of.

    `unknown` are named objects that are in no input of the service, or not there. With `next` there is more: ask again
    with it as `after`.
    """

    replay: str
    listed: int
    matched: int
    accepted: int
    unknown: list[str]
    next: str | None = None


class SweepAnswer(BaseModel):
    """What a sweep did: objects looked at, jobs made of those that no notification had brought, sightings of objects
    that are gone, and inputs that could not be swept.
    """

    listed: int
    recovered: int
    forgotten: int
    failed: int


def settled_answer(settled: Settled) -> SettledAnswer:
    """What became of a wish for several jobs."""
    return SettledAnswer(done=settled.done, left=list(settled.left))


def replay_answer(count: Replayed) -> ReplayAnswer:
    """What a replay did."""
    return ReplayAnswer(
        replay=count.replay,
        listed=count.listed,
        matched=count.matched,
        accepted=count.accepted,
        unknown=list(count.unknown),
        next=count.next or None,
    )


def sweep_answer(count: SweepCount) -> SweepAnswer:
    """What a sweep did."""
    return SweepAnswer(listed=count.listed, recovered=count.recovered, forgotten=count.forgotten, failed=count.failed)


def job_list(page: JobPage) -> JobList:
    """A page as the list of the contract."""
    return JobList(jobs={job.id: _entry(job) for job in page.jobs}, next_page=page.next or None)


def job_description(details: JobDetails) -> JobDescription:
    """A job with its attempts and outputs."""
    job = details.job
    return JobDescription(
        name=job.id,
        status=wire_status(job.state),
        state=job.state,
        reason=job.reason or None,
        cancelling=(job.cancelling or None) if job.ended is None else None,
        exit_code=job.exit_code,
        attempts=[_attempt(attempt) for attempt in details.attempts],
        object=_object(job),
        stages=_stages(job.stages),
        outputs=[OutputEntry(bucket=ref.bucket, key=ref.key, size=size) for ref, size in details.outputs],
    )


def _entry(job: Job) -> JobEntry:
    return JobEntry(
        status=wire_status(job.state),
        creation_time=_seconds(job.accepted),
        start_time=_seconds(job.stages.get(Stage.STARTED, job.stages.get(Stage.LEASED))),
        finish_time=_seconds(job.ended),
        state=job.state,
        exit_code=job.exit_code,
        reason=job.reason or None,
        attempts=job.attempt,
        object=_object(job),
        stages=_stages(job.stages),
    )


def _attempt(attempt: Attempt) -> AttemptEntry:
    return AttemptEntry(
        number=attempt.number,
        runner=attempt.runner,
        revision=attempt.revision,
        start_time=_seconds(attempt.leased),
        finish_time=_seconds(attempt.ended),
        outcome=attempt.outcome,
        exit_code=attempt.exit_code,
        reason=attempt.reason or None,
        stages=_stages(attempt.stages),
        usage=AttemptUsage(cpu_seconds=attempt.usage.cpu_seconds, memory_peak=attempt.usage.memory_peak),
    )


def _object(job: Job) -> str | None:
    ref = job.event.object
    return f"{ref.bucket}/{ref.key}" if ref else None


def _stages(stages: dict[Stage, float]) -> dict[str, str]:
    ordered = sorted(stages.items(), key=lambda item: item[1])
    return {stage: _moment(at).isoformat(timespec="microseconds").replace("+00:00", "Z") for stage, at in ordered}


def _seconds(at: float | None) -> str | None:
    return None if at is None else _moment(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
