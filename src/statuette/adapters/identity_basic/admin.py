"""The cluster's administrator, who sends Basic credentials."""

import base64
import binascii
import hashlib
import hmac

from statuette.events.principals import ADMIN, Principal

_LONGEST = 4096


class BasicAdmin:
    """One user name and one password. Raises `ValueError` when either is empty: that would let everybody in."""

    def __init__(self, *, username: str, password: str) -> None:
        if not username or not password:
            raise ValueError("the administrator needs a user name and a password")
        self._username = _digest(username.encode())
        self._password = _digest(password.encode())

    async def authenticate(self, authorization: str) -> Principal | None:
        given = _decoded(authorization)
        if given is None:
            return None
        username, _, password = given.partition(b":")
        # Digests are of one length, and both are always compared: the time tells no length, nor which one was wrong.
        right_name = hmac.compare_digest(_digest(username), self._username)
        right_password = hmac.compare_digest(_digest(password), self._password)
        return ADMIN if right_name & right_password else None


def _decoded(authorization: str) -> bytes | None:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic" or len(value) > _LONGEST:
        return None
    try:
        return base64.b64decode(value.strip().encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None


def _digest(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()
