"""A second opinion on signatures: AWS Signature Version 4 worked out from a request as it arrived."""

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Any

import pytest

ACCESS, SECRET, REGION = "AKIA0000", "s3cret-key", "eu-test-1"


def _hash(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _signature(asked: Any, *, scope: str, names: str, payload: str) -> str:
    path, _, query = asked.target.partition("?")
    lines = [asked.method, path, query, *(f"{name}:{asked.headers[name]}" for name in names.split(";")), "", names]
    canonical = hashlib.sha256("\n".join([*lines, payload]).encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{asked.headers['x-amz-date']}\n{scope}\n{canonical}"
    key = b"AWS4" + SECRET.encode()
    for part in scope.split("/"):
        key = _hash(key, part)
    return _hash(key, to_sign).hex()


@pytest.fixture
def signed() -> Callable[..., bool]:
    """Whether a request (of the fixture `wire`) is signed with the tests' key for this service."""

    def check(asked: Any, *, service: str) -> bool:
        pattern = r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\S+), SignedHeaders=(\S+), Signature=(\w+)"
        found = re.fullmatch(pattern, asked.headers["authorization"])
        assert found, asked.headers["authorization"]
        access, scope, names, signature = found.groups()
        assert "host" in names.split(";")
        day = asked.headers["x-amz-date"][:8]
        payload = asked.headers.get("x-amz-content-sha256") or hashlib.sha256(asked.body).hexdigest()
        right = _signature(asked, scope=scope, names=names, payload=payload)
        return (access, scope, signature) == (ACCESS, f"{day}/{REGION}/{service}/aws4_request", right)

    return check
