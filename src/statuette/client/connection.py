"""Where a platform is and how one logs in there."""

from dataclasses import dataclass, field

from statuette.client.errors import ClientError


@dataclass(frozen=True)
class Connection:
    """An address and the account used there.

    `endpoint` is a base URL such as `http://127.0.0.1:8080`; `verify` switches the check of TLS certificates.
    The password is never part of `repr`, so that it reaches no log.
    """

    endpoint: str
    username: str
    password: str = field(repr=False)
    verify: bool = True

    def __post_init__(self) -> None:
        """Raise `ClientError` for an endpoint that is no HTTP address."""
        if not self.endpoint.startswith(("http://", "https://")):
            raise ClientError(f"the endpoint {self.endpoint!r} must begin with http:// or https://")
