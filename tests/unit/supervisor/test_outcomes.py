"""From how a run ended to how its attempt ended."""

import pytest

from statuette.events.jobs import Outcome
from statuette.ports.backend import End, RunResult
from statuette.supervisor.outcomes import verdict


def result(end: End, *, exit_code: int | None = None, reason: str = "") -> RunResult:
    return RunResult(end=end, exit_code=exit_code, started=1.0, ended=2.0, reason=reason)


def test_a_script_that_ended_well_is_no_verdict() -> None:
    assert verdict(result(End.EXITED, exit_code=0)) is None


@pytest.mark.parametrize("code", [1, 127, 137, None])
def test_a_script_that_failed_is_told_with_its_exit_code(code: int | None) -> None:
    assert verdict(result(End.EXITED, exit_code=code)) == (
        Outcome.SCRIPT_FAILED,
        f"the script ended with exit code {code}",
    )


@pytest.mark.parametrize(
    ("end", "outcome", "words"),
    [
        (End.TIMED_OUT, Outcome.TIMED_OUT, "time limit"),
        (End.KILLED, Outcome.CANCELLED, "from outside"),
        (End.DIED, Outcome.RUNNER_DIED, "runner died"),
        (End.OUT_OF_MEMORY, Outcome.OUT_OF_MEMORY, "memory"),
    ],
)
def test_every_other_end(end: End, outcome: Outcome, words: str) -> None:
    found = verdict(result(end))
    assert found is not None
    assert found[0] is outcome
    assert words in found[1]
    assert verdict(result(end, reason="5 MiB are held")) == (outcome, "5 MiB are held")


def test_no_end_is_forgotten() -> None:
    assert all(verdict(result(end, exit_code=None)) for end in End)
