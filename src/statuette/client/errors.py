"""What can go wrong between a client and its platform.

    ClientError
    ├── Unreachable
    ├── BadAnswer
    ├── StoreError
    └── Refused
        ├── BadRequest
        ├── NotLoggedIn
        ├── Forbidden
        ├── NotFound
        ├── Conflict
        ├── TooLarge
        ├── Busy
        └── PlatformFailed

The text of an error is one line made for a person: what happened and, where that is known, what to do.
"""

LONGEST_TEXT = 500  # characters of an answer's body that go into an error


class ClientError(Exception):
    """Something went wrong between this client and the platform."""


class Unreachable(ClientError):
    """Nobody answers at the platform's address."""


class BadAnswer(ClientError):
    """The answer is not what the public contract says."""


class StoreError(ClientError):
    """The object store refused or failed a transfer."""


class Refused(ClientError):
    """The platform answered with an error. `status` is the HTTP status, `text` the (shortened) body."""

    def __init__(self, *, status: int, text: str, retry_after: float | None = None) -> None:
        self.status = status
        self.text = " ".join(text.split())[:LONGEST_TEXT]
        self.retry_after = retry_after
        super().__init__(self.text or f"the platform answered {status}: {self.words()}")

    @classmethod
    def words(cls) -> str:
        """What this status means, for answers without a text of their own."""
        return (cls.__doc__ or "").partition(".")[0].lower()


class BadRequest(Refused):
    """The request is not valid."""


class NotLoggedIn(Refused):
    """User or password are wrong."""


class Forbidden(Refused):
    """You may not do this."""


class NotFound(Refused):
    """There is no such thing here."""


class Conflict(Refused):
    """It exists already."""


class TooLarge(Refused):
    """The body is over the platform's limit."""


class Busy(Refused):
    """The platform is busy, try again later. `retry_after` is in seconds where the platform gave one."""


class PlatformFailed(Refused):
    """The platform itself failed; its log says why."""


BY_STATUS: dict[int, type[Refused]] = {
    400: BadRequest,
    401: NotLoggedIn,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    422: BadRequest,
    429: Busy,
    502: Busy,
    503: Busy,
}


def refused(*, status: int, text: str, retry_after: float | None) -> Refused:
    """The error of a status: 5xx without a class of their own are the platform's failures, 4xx bad requests."""
    kind = BY_STATUS.get(status, PlatformFailed if status >= 500 else BadRequest)
    return kind(status=status, text=text, retry_after=retry_after)
