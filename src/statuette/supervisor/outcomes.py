"""From how a run ended to how its attempt ended."""

from statuette.events.jobs import Outcome
from statuette.ports.backend import End, RunResult

_ENDS = {
    End.TIMED_OUT: (Outcome.TIMED_OUT, "the script ran longer than its time limit"),
    End.KILLED: (Outcome.CANCELLED, "the run was ended from outside"),
    End.DIED: (Outcome.RUNNER_DIED, "the runner died while the script ran"),
    End.OUT_OF_MEMORY: (Outcome.OUT_OF_MEMORY, "the script needed more memory than its service has"),
}


def verdict(result: RunResult) -> tuple[Outcome, str] | None:
    """What is to be reported of a run, with one line for people; None when the script ended well."""
    if result.end is not End.EXITED:
        outcome, reason = _ENDS[result.end]
        return outcome, result.reason or reason
    if result.exit_code == 0:
        return None
    return Outcome.SCRIPT_FAILED, f"the script ended with exit code {result.exit_code}"
