"""Service tokens: 64 hexadecimal characters that open `/job` and `/run` of one service.

A token is never compared itself: its SHA-256 is looked up. Whoever measures the look-up learns about digests, from
which no token can be made.
"""

import hashlib
import re
from collections.abc import Callable

from statuette.events.principals import Principal, PrincipalKind

_TOKEN = re.compile(r"[0-9a-f]{64}")

Lookup = Callable[[str], str | None]
"""From a token's digest (`digest_of`) to the name of its service."""


def digest_of(token: str) -> str:
    """Hex SHA-256 of a token: what an index keeps."""
    return hashlib.sha256(token.encode()).hexdigest()


class ServiceTokens:
    """Recognises `Bearer <token>`, written exactly so (the contract: case-sensitive, one space)."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    async def authenticate(self, authorization: str) -> Principal | None:
        token = authorization.removeprefix("Bearer ")
        if token == authorization or not _TOKEN.fullmatch(token):
            return None
        service = self._lookup(digest_of(token))
        return None if service is None else Principal(id=service, kind=PrincipalKind.SERVICE)
