"""What a caller gets when the script or its runner failed: the status, why, and the end of the script's own words."""

import asyncio
import os
from pathlib import Path

from statuette.core import Answer
from statuette.events.jobs import Outcome
from statuette.gateway.encoding import Reply

_STATUS = {
    Outcome.SCRIPT_FAILED: 500,
    Outcome.BAD_OUTPUT: 500,
    Outcome.OUT_OF_MEMORY: 500,
    Outcome.TIMED_OUT: 504,
    Outcome.RUNNER_DIED: 502,
    Outcome.SUPERSEDED: 404,
}
"""What is missing here is nobody's fault but the platform's: 503, and worth trying again."""

_WORDS = {
    Outcome.BAD_OUTPUT: "the output cannot be returned",
    Outcome.OUT_OF_MEMORY: "the script ran out of memory",
    Outcome.TIMED_OUT: "the script did not end in time",
    Outcome.RUNNER_DIED: "the runner died while the script ran",
    Outcome.SUPERSEDED: "the object is not there any more",
}
TAIL = 8 * 1024
"""Bytes of output, and of errors, that a failed call shows."""
_RETRY_AFTER = ((b"retry-after", b"5"),)


async def failure_of(answer: Answer) -> Reply:
    """The answer to a call that did not go well: plain text, its first line says what happened."""
    status = _STATUS.get(answer.outcome, 503)
    tails = [tail for tail in (await _tail(answer.stdout), await _tail(answer.stderr)) if tail]
    body = b"\n".join([_first_line(answer).encode("utf-8", "replace"), *tails])
    return Reply(
        body=body,
        length=len(body),
        content_type="text/plain; charset=utf-8",
        status=status,
        headers=_RETRY_AFTER if status == 503 else (),
    )


def _first_line(answer: Answer) -> str:
    if answer.outcome is Outcome.SCRIPT_FAILED and answer.exit_code is not None:
        words = f"the script ended with exit code {answer.exit_code}"
    else:
        words = _WORDS.get(answer.outcome, "the call could not be carried out")
    return f"{words}: {answer.reason}" if answer.reason and answer.reason != words else words


async def _tail(said: Path | bytes) -> bytes:
    return said[-TAIL:] if isinstance(said, bytes) else await asyncio.to_thread(_end_of, said)


def _end_of(path: Path) -> bytes:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as words:
        size = words.seek(0, os.SEEK_END)
        words.seek(max(0, size - TAIL))
        return words.read()
