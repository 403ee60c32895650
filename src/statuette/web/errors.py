"""The one table of errors: which class is which status, which text, which headers.

Texts are short and plain, since the clients print them as they are. A 404 has none: the public contract's has none, and
its clients print their own. What is not in the table is a fault of ours: 500, empty, and the traceback in the log only.
"""

import errno
import math
from dataclasses import dataclass

from statuette.ports import errors
from statuette.spec import InvalidDefinition

CHALLENGE = b'Basic realm="Authorization Required"'

Headers = tuple[tuple[bytes, bytes], ...]


class Unauthorized(errors.Refused):
    """The credentials prove nobody; `challenge` tells the client that Basic is taken here."""

    def __init__(self, *, challenge: bool) -> None:
        super().__init__("no valid credentials")
        self.challenge = challenge


class PageNotFound(errors.NotFound):
    """No route, or not this method: the same to the caller."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the caller gets instead of what he asked for. `known` is False for faults of ours."""

    status: int
    text: str = ""
    headers: Headers = ()
    known: bool = True


# First match wins, so a class stands above its parents.
_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (errors.BadInput, 400),
    (InvalidDefinition, 400),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.TooLarge, 413),
    (errors.Busy, 503),
    (errors.Refused, 400),
    (errors.Unavailable, 503),
    (errors.LeaseLost, 503),
    (errors.ObjectGone, 404),
    (errors.RunnerLost, 502),
    (errors.UnsafeOutput, 500),
)
_RETRY_SECONDS = 5.0


def refusal_of(error: Exception) -> Refusal:
    """Find an error in the table."""
    if isinstance(error, Unauthorized):
        return Refusal(401, headers=((b"www-authenticate", CHALLENGE),) if error.challenge else ())
    if isinstance(error, PageNotFound):
        return Refusal(404, "404 page not found")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return refusal_of(errors.DiskFull())
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), None)
    if status is None:
        return Refusal(500, known=False)
    return Refusal(status, "" if status == 404 else str(error), _retry_after(error, status))


def _retry_after(error: Exception, status: int) -> Headers:
    if status != 503:
        return ()
    seconds = error.retry_after if isinstance(error, errors.Busy) else _RETRY_SECONDS
    return ((b"retry-after", str(max(1, math.ceil(seconds))).encode()),)
