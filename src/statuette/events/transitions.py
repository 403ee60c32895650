"""How a job's state moves, as pure functions: a job and what happened in, the next job out.

    waiting ──▶ queued ──▶ leased ──▶ started ──▶ committed ──▶ published
                  ▲           │          │           │  ▲
                  │           ▼          ▼           ▼  │
               retrying ◀── (faults) ◀───┘        unpublished
                              │
                              ▼
               failed · dead · superseded · cancelled

Three counters decide what follows a fault: the script's, the runner's (died, out of memory) and the platform's, which
has no limit but `Retries.max_age`. The ledger's adapters call these functions inside their transactions and decide
nothing themselves.
"""

import zlib
from dataclasses import replace

from statuette.events.jobs import DEAD_LETTERS, FINAL, LEASABLE, RUNNING, Job, JobState, NewJob, Outcome, Retries, Stage
from statuette.events.leases import Report

LONGEST_PLATFORM_WAIT = 30.0
"""Seconds a job waits at most after a fault of the platform's, whatever its own rules: the fault was none of its own,
and once the platform works again nobody should wait minutes for it.
"""
_RUNNER_FAULTS = (Outcome.RUNNER_DIED, Outcome.OUT_OF_MEMORY)
_SCRIPT_FAULTS = (Outcome.SCRIPT_FAILED, Outcome.TIMED_OUT, Outcome.BAD_OUTPUT)
_SETTLED = {
    Outcome.PUBLISHED: JobState.PUBLISHED,
    Outcome.SUPERSEDED: JobState.SUPERSEDED,
    Outcome.CANCELLED: JobState.CANCELLED,
    Outcome.RUNAWAY: JobState.DEAD,
}


class IllegalTransition(Exception):
    """This job's state does not allow that step."""


def leased(job: Job, *, runner: str, now: float) -> Job:
    """The job as the next attempt's. Raises `IllegalTransition` unless it is queued, or retrying and due."""
    if job.state not in LEASABLE or job.not_before > now:
        raise IllegalTransition(f"{job.id} is {job.state}, not to be leased at {now:.0f}")
    stages = {stage: at for stage, at in job.stages.items() if stage in (Stage.STORED, Stage.SEEN)}
    return replace(
        job,
        state=JobState.LEASED,
        attempt=job.attempt + 1,
        runner=runner,
        reason="",
        exit_code=None,
        stages=stages | {Stage.LEASED: now},
    )


def started(job: Job, *, at: float) -> Job:
    """The job with its script known to run. No change once it is further."""
    if job.state is not JobState.LEASED:
        return job
    return replace(job, state=JobState.STARTED, stages=job.stages | {Stage.STARTED: at})


def committed(job: Job, *, commit: str, now: float) -> Job:
    """The job with one attempt's outputs made the ones that count; a second commit is the next generation."""
    if job.state not in (JobState.LEASED, JobState.STARTED):
        raise IllegalTransition(f"{job.id} is {job.state}, not to be committed")
    return replace(
        job,
        state=JobState.COMMITTED,
        commit=commit,
        generation=job.generation + 1,
        cancelling="",  # too late: its outputs count
        stages=job.stages | {Stage.COMMITTED: now},
    )


def ended(job: Job, report: Report, *, now: float) -> Job:
    """The job after its attempt's last word: settled, failed, given up or queued again.

    Raises `IllegalTransition` when no attempt is under way.
    """
    if job.state not in RUNNING:
        raise IllegalTransition(f"{job.id} is {job.state}: no attempt is under way")
    job = replace(
        job,
        faults=job.faults | {report.outcome: job.faults.get(report.outcome, 0) + 1},
        stages=job.stages | report.stages,
        exit_code=report.exit_code if report.exit_code is not None else job.exit_code,
        reason=job.cancelling if job.cancelling and report.outcome is Outcome.CANCELLED else report.reason,
    )
    if report.outcome in _SETTLED:
        return _final(job, _SETTLED[report.outcome], now=now)
    if job.cancelling and job.state is not JobState.COMMITTED:
        return _final(replace(job, reason=job.cancelling), JobState.CANCELLED, now=now)
    if report.outcome is Outcome.RETURNED:
        return _returned(job)
    if report.outcome in _SCRIPT_FAULTS:
        return _script_fault(job, report, now=now)
    if report.outcome in _RUNNER_FAULTS:
        return _retry_or(JobState.DEAD, job, _count(job, _RUNNER_FAULTS), limit=job.retries.runner, now=now)
    return _platform_fault(job, report.outcome, now=now)


def _returned(job: Job) -> Job:
    if job.state is JobState.COMMITTED:  # the runner's name still says with which manager the sealed folder lies
        return replace(job, state=JobState.UNPUBLISHED, not_before=0.0)
    return replace(job, state=JobState.QUEUED, runner="", not_before=0.0)


def resumed(job: Job, *, runner: str, now: float) -> Job:
    """A committed job whose upload is taken up again, under a new fencing token. Raises unless it is unpublished and
    due.
    """
    if job.state is not JobState.UNPUBLISHED or job.not_before > now:
        raise IllegalTransition(f"{job.id} is {job.state}, its upload is not to be taken up at {now:.0f}")
    return replace(job, state=JobState.COMMITTED, attempt=job.attempt + 1, runner=runner)


def orphaned(job: Job, *, now: float) -> Job:
    """A job whose lease ran out or whose manager is gone: its upload is taken up again, or it runs again."""
    if job.state is JobState.COMMITTED:
        return replace(job, state=JobState.UNPUBLISHED, not_before=now)
    return ended(job, Report(outcome=Outcome.PLATFORM_FAULT, reason="the manager or its lease was lost"), now=now)


def promoted(job: Job) -> Job:
    """A waiting job whose turn has come."""
    if job.state is not JobState.WAITING:
        raise IllegalTransition(f"{job.id} is {job.state}, not waiting")
    return replace(job, state=JobState.QUEUED)


def overdue(job: Job, *, now: float) -> bool:
    """Whether the job's deadline passed before anybody began it."""
    return bool(job.deadline) and not job.revived and not job.attempt and now > job.deadline


def missed(job: Job, *, now: float) -> Job:
    """A job that is not worth beginning any more, given up. Raises unless it is overdue and nobody runs it."""
    if job.state not in LEASABLE or not overdue(job, now=now):
        raise IllegalTransition(f"{job.id} is {job.state} and not overdue")
    return _final(replace(job, reason="its deadline passed before it could begin"), JobState.DEAD, now=now)


def superseded(job: Job, *, now: float) -> Job:
    """A job that nobody has begun, given up for a newer version of its object."""
    if not supersedable(job):
        raise IllegalTransition(f"{job.id} is {job.state}, not to be superseded")
    return _final(replace(job, reason="a newer version of the object came"), JobState.SUPERSEDED, now=now)


def supersedable(job: Job) -> bool:
    """Whether a newer version of its object may take the job's place: nobody runs it, and no attempt of it counts."""
    return job.state in LEASABLE | {JobState.WAITING} and not job.generation


def outdated(job: Job, *, by: NewJob) -> bool:
    """Whether a new job of the same lane takes this one's place: never for a version that is as old or older."""
    old, new = job.event.modified, by.event.modified
    return by.supersede and supersedable(job) and old is not None and new is not None and old < new


def revived(job: Job, *, waits: bool, now: float) -> Job:
    """A dead letter (or a job that was cancelled) to be run again, with all its retries; `waits`: its lane is taken.

    The next attempt's commit is the next generation, so what an earlier one left is replaced.
    """
    if job.state not in DEAD_LETTERS | {JobState.CANCELLED}:
        raise IllegalTransition(f"{job.id} is {job.state}, not to be run again")
    return replace(
        job,
        state=JobState.WAITING if waits else JobState.QUEUED,
        faults={},
        ended=None,
        exit_code=None,
        reason="",
        cancelling="",
        revived=now,
        not_before=0.0,
        runner="",
    )


def stopping(job: Job, *, reason: str) -> Job:
    """A job under way whose run is to be ended. Raises when its outputs count already: then it is too late."""
    if job.state not in (JobState.LEASED, JobState.STARTED):
        raise IllegalTransition(f"{job.id} is {job.state}, its run is not to be ended")
    return replace(job, cancelling=reason)


def cancelled(job: Job, *, now: float, reason: str) -> Job:
    """A job that nobody runs yet, withdrawn. One under way is cancelled by its supervisor's report instead."""
    if job.state in FINAL or job.state in RUNNING:
        raise IllegalTransition(f"{job.id} is {job.state}, not to be withdrawn")
    return _final(replace(job, reason=reason), JobState.CANCELLED, now=now)


def backoff(retries: Retries, faults: int) -> float:
    """Seconds to wait after the `faults`-th fault (counted from 1), before jitter."""
    return float(min(retries.delay * 2.0 ** min(faults - 1, 30), retries.max_delay))


def shortened(job: Job, *, now: float) -> Job:
    """The job waiting no longer from now on than its faults ask for: a clock that was ahead when they were counted and
    has been set back would make it wait for as long as it was ahead.
    """
    longest = now + backoff(job.retries, max(1, sum(job.faults.values())))
    return job if job.not_before <= longest else replace(job, not_before=longest)


def jitter(job: str, faults: int) -> float:
    """From 0.5 up to 1: what a wait is multiplied by, so that jobs that failed together do not come back together.

    Drawn from the job's id, so that a transition stays a function of its arguments.
    """
    return 0.5 + zlib.crc32(f"{job}:{faults}".encode()) / 2**33


def _wait(job: Job, faults: int) -> float:
    return backoff(job.retries, faults) * jitter(job.id, faults)


def _too_old(job: Job, *, now: float) -> bool:
    return bool(job.retries.max_age) and now - (job.revived or job.accepted) > job.retries.max_age


def _count(job: Job, outcomes: tuple[Outcome, ...]) -> int:
    return sum(job.faults.get(outcome, 0) for outcome in outcomes)


def _final(job: Job, state: JobState, *, now: float) -> Job:
    stages = job.stages | {Stage.PUBLISHED: now} if state is JobState.PUBLISHED else job.stages
    return replace(job, state=state, ended=now, stages=stages, not_before=0.0)


def _script_fault(job: Job, report: Report, *, now: float) -> Job:
    if report.outcome is Outcome.SCRIPT_FAILED and report.exit_code in job.retries.final:
        return _final(job, JobState.FAILED, now=now)
    return _retry_or(JobState.FAILED, job, _count(job, _SCRIPT_FAULTS), limit=job.retries.script, now=now)


def _retry_or(last: JobState, job: Job, faults: int, *, limit: int, now: float) -> Job:
    if faults > limit or _too_old(job, now=now):
        return _final(job, last, now=now)
    return replace(job, state=JobState.RETRYING, not_before=now + _wait(job, faults))


def _platform_fault(job: Job, outcome: Outcome, *, now: float) -> Job:
    if _too_old(job, now=now):
        return _final(job, JobState.DEAD, now=now)
    state = JobState.UNPUBLISHED if outcome is Outcome.UNPUBLISHED else JobState.RETRYING
    wait = min(_wait(job, job.faults[outcome]), LONGEST_PLATFORM_WAIT)
    return replace(job, state=state, not_before=now + wait)
