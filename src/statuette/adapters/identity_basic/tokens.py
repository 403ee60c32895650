"""Service tokens: 64 hexadecimal characters that open `/job` and `/run` of one service.

A token is never compared itself: its SHA-256 is looked up. Whoever measures the look-up learns about digests, from
which no token can be made.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from functools import lru_cache

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


class TokenIndex:
    """A `Lookup` that is told of every service made, changed or removed; as fast with many services as with one."""

    def __init__(self) -> None:
        self._services: dict[str, str] = {}
        self._digests: dict[str, str] = {}

    def put(self, service: str, token: str) -> None:
        """Note a service's token; an earlier one stops working."""
        self.drop(service)
        self._digests[service] = digest_of(token)
        self._services[self._digests[service]] = service

    def drop(self, service: str) -> None:
        """Forget a service; nothing happens when it is unknown."""
        digest = self._digests.pop(service, None)
        if digest is not None:
            self._services.pop(digest, None)

    def __call__(self, digest: str) -> str | None:
        return self._services.get(digest)


def scan(tokens: Callable[[], Iterable[tuple[str, str]]]) -> Lookup:
    """A `Lookup` over pairs (service, token) that somebody else keeps; each look-up reads them all."""
    remembered = lru_cache(maxsize=16384)(digest_of)

    def lookup(digest: str) -> str | None:
        found = None
        for service, token in tokens():
            if hmac.compare_digest(remembered(token), digest):
                found = service
        return found

    return lookup
