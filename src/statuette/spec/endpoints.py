"""Addresses of stores and clusters as users write them. Resolving them, and refusing the loopback, is the core's."""

import re
from urllib.parse import SplitResult, urlsplit

_HOST = re.compile(
    r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9.])?|[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9]{1,15})?", re.ASCII
)
_PRINTABLE = re.compile(r"[\x21-\x7e]+")


def endpoint_host(url: str) -> str:
    """The lower-case host (no brackets) of an http(s) address. Raises `ValueError` saying what is wrong."""
    if not _PRINTABLE.fullmatch(url) or "\\" in url:
        raise ValueError("must be an address such as https://store.example.org:9000, without blanks")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(
            "must be an address such as https://store.example.org:9000; its host or port is not valid"
        ) from error
    if parts.scheme not in ("http", "https"):
        raise ValueError("must begin with http:// or https://")
    if not host or not _HOST.fullmatch(host) or port == 0:
        raise ValueError("must name a host, such as https://store.example.org:9000")
    _refuse_extras(parts)
    return host


def url_problem(url: str) -> str | None:
    """What is wrong with an address, None when nothing is."""
    try:
        endpoint_host(url)
    except ValueError as error:
        return str(error)
    return None


def host_problem(host: str) -> str | None:
    """A host name without a scheme, with a port and a path at most."""
    if "://" in host:
        return "must be a host without a scheme, such as store.example.org"
    return url_problem(f"https://{host}")


def _refuse_extras(parts: SplitResult) -> None:
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user name or password; they have fields of their own")
    if parts.query or parts.fragment:
        raise ValueError("must not have '?' or '#'")
