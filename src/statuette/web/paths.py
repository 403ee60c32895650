"""Paths of requests: what is cleaned, what is refused, which application takes which prefix."""

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from statuette.web.errors import PageNotFound

SERVICE_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
"""What can be the name of a service at all (the contract's 400 on reading one); `spec` is stricter when one is made."""

_ENCODED_SLASH = re.compile(rb"%2f|%5c", re.IGNORECASE)
_LONGEST = 4096


def clean_path(scope: Scope) -> str:
    """The path without a trailing slash.

    Raises `PageNotFound` where nothing can be: encoded slashes, control characters, `..`, empty parts, not UTF-8.
    """
    raw: bytes = scope.get("raw_path") or b""
    path: str = scope["path"]
    if len(path) > _LONGEST or _ENCODED_SLASH.search(raw) or not _is_text(raw, path):
        raise PageNotFound
    if path == "/":
        return path
    path = path.removesuffix("/")
    parts = path.split("/")
    if len(parts) < 2 or parts[0] or any(part in ("", ".", "..") for part in parts[1:]):
        raise PageNotFound
    return path


def _is_text(raw: bytes, path: str) -> bool:
    try:
        unquote_to_bytes(raw).decode("utf-8")
        path.encode("utf-8")
    except UnicodeError:
        return False
    return not any(ord(char) < 0x20 or ord(char) == 0x7F for char in path)


def split(prefixes: Mapping[str, ASGIApp], default: ASGIApp) -> ASGIApp:
    """One application out of several: what is beneath `/run` goes to `prefixes["/run"]`, all else to `default`."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        target = default
        if scope["type"] in ("http", "websocket"):
            head, slash, _ = str(scope["path"])[1:].partition("/")
            target = prefixes.get("/" + head, default) if slash or head else default
        await target(scope, receive, send)

    return app
