"""From how a run ended, or what stood in its way, to how its attempt ended."""

from statuette.events.jobs import Outcome
from statuette.ports.backend import End, RunResult
from statuette.ports.errors import DiskFull, Fault, Forbidden, NotFound, ObjectGone, RunnerLost, StoreUnavailable
from statuette.supervisor.turn import PutBack

_ENDS = {
    End.TIMED_OUT: (Outcome.TIMED_OUT, "the script ran longer than its time limit"),
    End.KILLED: (Outcome.CANCELLED, "the run was ended from outside"),
    End.DIED: (Outcome.RUNNER_DIED, "the runner died while the script ran"),
    End.OUT_OF_MEMORY: (Outcome.OUT_OF_MEMORY, "the script needed more memory than its service has"),
}

_FAULTS: dict[type[Fault], Outcome] = {
    ObjectGone: Outcome.SUPERSEDED,
    NotFound: Outcome.SUPERSEDED,
    StoreUnavailable: Outcome.PLATFORM_FAULT,
    Forbidden: Outcome.PLATFORM_FAULT,
    DiskFull: Outcome.PLATFORM_FAULT,
    RunnerLost: Outcome.RUNNER_DIED,
    PutBack: Outcome.RETURNED,
}
ENDING = tuple(_FAULTS)
"""Faults that end an attempt in a known way."""


def outcome_of(fault: Fault) -> Outcome:
    """How an attempt ended that one of `ENDING` stood in the way of."""
    return next(outcome for kind, outcome in _FAULTS.items() if isinstance(fault, kind))


def verdict(result: RunResult) -> tuple[Outcome, str] | None:
    """What is to be reported of a run, with one line for people; None when the script ended well."""
    if result.end is not End.EXITED:
        outcome, reason = _ENDS[result.end]
        return outcome, result.reason or reason
    if result.exit_code == 0:
        return None
    return Outcome.SCRIPT_FAILED, f"the script ended with exit code {result.exit_code}"
