"""What a caller reads when his call failed."""

import pytest

from statuette.core import Answer
from statuette.events.jobs import Outcome
from statuette.gateway.failures import TAIL, failure_of


def failed(outcome: Outcome, *, exit_code=None, reason="", stdout=b"", stderr=b"") -> Answer:
    return Answer(
        outcome=outcome, exit_code=exit_code, reason=reason, storage_event=False, files=(), stdout=stdout, stderr=stderr
    )  # fmt: skip


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.PUBLISHED])
async def test_every_outcome_says_something(outcome):
    reply = await failure_of(failed(outcome))
    assert reply.status >= 400
    assert len(reply.body) == reply.length > 10
    assert bool(reply.headers) == (reply.status == 503)


async def test_exit_code_then_reason_then_both_ends(tmp_path):
    (tmp_path / "out").write_bytes(b"x" * TAIL + b"output's end")
    (tmp_path / "err").write_bytes(b"short")
    answer = failed(
        Outcome.SCRIPT_FAILED, exit_code=137, reason="killed", stdout=tmp_path / "out", stderr=tmp_path / "err"
    )
    first, rest = (await failure_of(answer)).body.split(b"\n", 1)
    assert first == b"the script ended with exit code 137: killed"
    assert rest.endswith(b"output's end\nshort")
    assert len(rest) == TAIL + 1 + len(b"short")


async def test_empty_words_leave_one_line(tmp_path):
    (tmp_path / "out").touch()
    assert (
        await failure_of(failed(Outcome.TIMED_OUT, stdout=tmp_path / "out"))
    ).body == b"the script did not end in time"
