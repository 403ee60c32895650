"""What can go wrong between the rooms; the class says what happens next.

    Fault
    ├── Refused
    │   ├── BadInput
    │   ├── NotFound
    │   ├── Conflict
    │   ├── Forbidden
    │   ├── TooLarge
    │   └── Busy
    ├── Unavailable
    │   ├── StoreUnavailable
    │   ├── LedgerUnavailable
    │   ├── BackendUnavailable
    │   └── DiskFull
    ├── ObjectGone
    ├── LeaseLost
    ├── RunnerLost
    └── UnsafeOutput

A class's docstring is its message when none is given. Messages may be shown to users: no secret, no path of the
platform.
"""

from collections.abc import Sequence


class Fault(Exception):
    """Something went wrong."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class Refused(Fault):
    """The request cannot be granted as it stands; asking again changes nothing."""


class BadInput(Refused):
    """The input is not valid."""

    def __init__(self, message: str = "", *, problems: Sequence[str] = ()) -> None:
        super().__init__("\n".join([message, *problems]) if message else "\n".join(problems))
        self.problems = tuple(problems)


class NotFound(Refused):
    """There is no such thing."""


class Conflict(Refused):
    """It exists already, or is in another state than the request supposes."""


class Forbidden(Refused):
    """The caller may not do this."""


class TooLarge(Refused):
    """The body is larger than allowed."""


class Busy(Refused):
    """No room for this call now; try again after `retry_after` seconds."""

    def __init__(self, message: str = "", *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(Fault):
    """A part the platform depends on does not answer; the work is kept and tried again."""


class StoreUnavailable(Unavailable):
    """The object store does not answer."""


class LedgerUnavailable(Unavailable):
    """The ledger cannot be written."""


class BackendUnavailable(Unavailable):
    """The back end cannot start a runner now."""


class DiskFull(Unavailable):
    """There is no room left on the platform's disk."""


class ObjectGone(Fault):
    """The object, or the version of it that was meant, is no longer in the store."""


class LeaseLost(Fault):
    """The lease ran out or was taken away: another attempt counts now, stop and publish nothing."""


class RunnerLost(Fault):
    """The runner died while it worked."""


class UnsafeOutput(Fault):
    """The output folder holds more, larger or deeper things than allowed."""
