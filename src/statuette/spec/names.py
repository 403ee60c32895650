"""What things may be called: services, buckets, environment variables, objects, files.

Objects' keys, one rule each (the embedded store would fold or refuse some on its own, so they are settled before):

| key | rule |
| --- | --- |
| empty, over 1024 bytes of UTF-8, half a surrogate pair | refused |
| begins with `/`, or holds `//` | refused (the store folds them, so two keys would be one object) |
| a part `.` or `..` | refused (as by the store) |
| NUL and other control characters | refused (listings are XML, which cannot hold them) |
| a part over 255 bytes | refused in what users give; names that the platform makes (outputs) are shortened |
| blanks, `+`, `%`, any other Unicode | as they are |

These rules hold for what users and callers give us. An input that lies in a bucket has its key from the store: whatever
the store took is work.

`…_problem` functions tell what is wrong in words that follow a field's name, None when nothing is.
"""

import hashlib
import re

from statuette.spec.errors import shown

LONGEST_KEY = 1024
LONGEST_PART = 255
"""Bytes of one part of a key, and of one file name on Linux."""
LONGEST_SERVICE = 39
_LONGEST_EXTENSION = 64
_DIGEST = 16
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class BadName(ValueError):
    """The name or key breaks a rule; the text says which."""


def service_problem(name: str) -> str | None:
    """A DNS-1123 label of 1 to 39 characters."""
    return label_problem(name, longest=LONGEST_SERVICE)


def label_problem(name: str, *, longest: int = 63) -> str | None:
    """A DNS-1123 label."""
    if len(name) <= longest and _LABEL.fullmatch(name):
        return None
    return (
        f"must be 1 to {longest} lower-case letters, digits and '-', beginning and ending with a letter or digit; "
        f"this is {shown(name)}"
    )


def bucket_problem(name: str) -> str | None:
    """The S3 rules for buckets."""
    if _BUCKET.fullmatch(name) and ".." not in name and not _ADDRESS.fullmatch(name):
        return None
    return (
        "the bucket (the path's first part) must be 3 to 63 lower-case letters, digits, '.' and '-', "
        f"beginning and ending with a letter or digit; this is {shown(name)}"
    )


def variable_problem(name: str) -> str | None:
    """A name that every shell can read."""
    if _VARIABLE.fullmatch(name) and len(name) <= LONGEST_PART:
        return None
    return "a variable's name must be letters, digits and '_', not beginning with a digit"


def control_problem(text: str) -> str | None:
    """No NUL or other control character."""
    found = _CONTROL.search(text)
    return f"must not hold control characters; this has {found[0]!a}" if found else None


def key_problem(key: str) -> str | None:
    """The table above."""
    size = _size(key)
    if size is None:
        return "must be Unicode text"
    if not 0 < size <= LONGEST_KEY:
        return f"must have 1 to {LONGEST_KEY} bytes; this has {size}"
    parts = key.removesuffix("/").split("/")
    if "" in parts:
        return "must not begin with '/' or hold '//'"
    if "." in parts or ".." in parts:
        return "must not have '.' or '..' as a part"
    if any((_size(part) or 0) > LONGEST_PART for part in parts):
        return f"must not have a part of more than {LONGEST_PART} bytes"
    return control_problem(key)


def check_key(key: str) -> str:
    """The key itself. Raises `BadName` when a rule of the table refuses it; one "/" at the end (a folder) may stay."""
    problem = key_problem(key)
    if problem:
        raise BadName(f"the object's key {problem}")
    return key


def shortened(name: str) -> str:
    """An output's name ("/" between parts); each part over 255 bytes is cut and marked with its hash, extension kept.

    The same name always gives the same result, and what is short enough stays as it is.
    """
    return "/".join(_short(part) for part in name.split("/"))


def local_name(key: str) -> str:
    """The file name for an input: the key's last part, shortened; never "", "." or ".."; a NUL becomes "_"."""
    name = key.rstrip("/").rpartition("/")[2].replace("\0", "_")
    return "file" if name in ("", ".", "..") else _short(name)


def _short(part: str) -> str:
    data = part.encode("utf-8", "surrogateescape")
    if len(data) <= LONGEST_PART:
        return part
    extension = _extension(part)
    room = LONGEST_PART - _DIGEST - 1 - len(extension.encode("utf-8", "surrogateescape"))
    stem = data[:room].decode("utf-8", "ignore")
    return f"{stem}-{hashlib.sha256(data).hexdigest()[:_DIGEST]}{extension}"


def _extension(part: str) -> str:
    """From the last dot on, `.tar.gz` and its like as a whole; "" when there is none or it is too long to be one."""
    stem, dot, last = part.rpartition(".")
    extension = dot + last if stem else ""
    if stem.endswith(".tar"):
        extension = f".tar{extension}"
    return extension if len(extension.encode("utf-8", "surrogateescape")) <= _LONGEST_EXTENSION else ""


def _size(text: str) -> int | None:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return None
