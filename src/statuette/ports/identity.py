"""Who is calling, told from a request's credentials."""

from typing import Protocol

from statuette.events.principals import Principal


class Identity(Protocol):
    """Tells callers apart."""

    async def authenticate(self, authorization: str) -> Principal | None:
        """The caller behind an `Authorization` header's value, None when it proves nobody. Constant time in the
        secret.
        """
