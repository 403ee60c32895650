"""What "masked" means, the same for every log and every message: a secret's bytes become `***`.

A stream arrives in chunks cut anywhere, so what may be the beginning of a secret is held back until it is clear.
"""

import re
from collections.abc import Iterable

MASK = b"***"


class Masker:
    """Replaces secrets in one stream of bytes; empty secrets count for nothing."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {secret.encode("utf-8", "surrogateescape") for secret in secrets if secret}
        self._secrets = sorted(known, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, self._secrets))) if known else None
        self._first = frozenset(secret[0] for secret in known)
        self._reach = max((len(secret) for secret in known), default=1) - 1
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What of the stream so far is clear and was not given yet."""
        if self._pattern is None:
            return data
        data = self._held + data
        cut = self._clear(data)
        for match in self._pattern.finditer(data):
            if match.start() < cut < match.end():
                cut = match.end()
        self._held = data[cut:]
        return self._pattern.sub(MASK, data[:cut])

    def finish(self) -> bytes:
        """The rest: no more will come."""
        rest, self._held = self._held, b""
        return self._pattern.sub(MASK, rest) if self._pattern else rest

    def _clear(self, data: bytes) -> int:
        """Up to where no secret can have begun that is not whole yet."""
        for start in range(max(0, len(data) - self._reach), len(data)):
            if data[start] in self._first and self._begins(data[start:]):
                return start
        return len(data)

    def _begins(self, tail: bytes) -> bool:
        return any(len(secret) > len(tail) and secret.startswith(tail) for secret in self._secrets)


def masked(data: bytes, secrets: Iterable[str]) -> bytes:
    """The whole of `data` with every secret masked."""
    masker = Masker(secrets)
    return masker.feed(data) + masker.finish()
