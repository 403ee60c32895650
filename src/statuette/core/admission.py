"""Which supervisor speaks: tokens of runners. Nothing of them is kept but a hash, in memory, while the runner lives."""

import hashlib
import hmac
import secrets

_NOBODY = hashlib.sha256(secrets.token_bytes(32)).digest()


class Admission:
    """The runners whose supervisors may speak over HTTP. A credential is `<runner>.<64 hex digits>`."""

    def __init__(self) -> None:
        self._digests: dict[str, bytes] = {}

    def admit(self, runner: str) -> str:
        """A new credential for a runner; one that it had before opens nothing any more."""
        token = secrets.token_hex(32)
        self._digests[runner] = _digest(token)
        return f"{runner}.{token}"

    def forget(self, runner: str) -> None:
        self._digests.pop(runner, None)

    def runner_of(self, credential: str) -> str | None:
        """Whose credential this is; None when nobody's. Takes as long for a wrong token as for a right one."""
        runner, _, token = credential.rpartition(".")
        known = self._digests.get(runner, _NOBODY)
        return runner if hmac.compare_digest(known, _digest(token)) else None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
