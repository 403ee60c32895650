"""Rules for object keys: which are refused, which obstore would change."""

from statuette.ports.errors import BadInput

KEY_BYTES = 1024
"""The longest key of S3, in bytes of UTF-8."""
SEGMENT_BYTES = 255
"""The longest part between two "/" where keys are kept as files (SeaweedFS 4.48 answers `KeyTooLongError`)."""


def check_key(key: str, *, folders: bool) -> None:
    """Raise `BadInput` for a key that this kind of store refuses or would silently store under another name.

    A store of folders folds `a//b` and `a\\b` to `a/b` and `/a` to `a`, and refuses `.` and `..` as a part.
    """
    try:
        size = len(key.encode())
    except UnicodeEncodeError as error:
        raise BadInput("the object key is not valid Unicode") from error
    if not key or "\0" in key:
        raise BadInput("an object key is not empty and holds no NUL")
    if size > KEY_BYTES:
        raise BadInput(f"the object key is {size} bytes long, allowed are {KEY_BYTES}")
    if folders:
        _check_segments(key)


def _check_segments(key: str) -> None:
    if "\\" in key:
        raise BadInput("this store cannot hold a key with a backslash")
    segments = key.removesuffix("/").split("/")
    if any(segment in ("", ".", "..") for segment in segments):
        raise BadInput("this store cannot hold a key with an empty part, '.' or '..' between its slashes")
    if any(len(segment.encode()) > SEGMENT_BYTES for segment in segments):
        raise BadInput(
            f"this store cannot hold a key with a part of more than {SEGMENT_BYTES} bytes between its slashes"
        )


def is_plain(key: str) -> bool:
    """Tell whether obstore carries the key unchanged (0.12: it drops outer slashes and refuses control characters)."""
    if any(character < " " or character == "\x7f" for character in key):
        return False
    return all(segment not in ("", ".", "..") for segment in key.split("/"))
