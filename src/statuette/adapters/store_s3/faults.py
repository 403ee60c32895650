"""A store's answers and obstore's errors, brought to the platform's errors."""

import re

from obstore.exceptions import BaseError, PermissionDeniedError, PreconditionError

from statuette.ports.errors import (
    BadInput,
    Conflict,
    DiskFull,
    Fault,
    Forbidden,
    NotFound,
    ObjectGone,
    StoreUnavailable,
)

_CODE = re.compile(r"<Code>(\w+)</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
_FULL_CODES = frozenset({"InsufficientStorage", "XMinioStorageFull", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded"})
_FULL_WORDS = ("no space left", "no free volumes", "no writable volumes")
_BAD_INPUT_CODES = frozenset(
    {"InvalidBucketName", "KeyTooLongError", "InvalidRequest", "InvalidArgument", "MetadataTooLarge"}
)


def error_code(body: str) -> str:
    """The `<Code>` of an S3 error document, "" without one."""
    found = _CODE.search(body)
    return found[1] if found else ""


def fault_of(status: int, body: str, *, what: str) -> Fault:  # noqa: PLR0911 - a table of cases
    """The error for an answer of the store that is no success. `what` says in a few words what was asked for."""
    code = error_code(body)
    if status == 507 or code in _FULL_CODES or any(word in body.lower() for word in _FULL_WORDS):
        return DiskFull(f"the store has no room left ({what})")
    if code == "NoSuchBucket":
        return NotFound(f"there is no such bucket ({what})")
    if status in (404, 412):
        return ObjectGone(f"the object, or the version of it that was meant, is gone ({what})")
    if status in (401, 403):
        return Forbidden(f"the store does not allow it ({what})")
    if status == 409:
        return Conflict(f"the store answered {code or status} ({what})")
    if code in _BAD_INPUT_CODES:
        return BadInput(f"the store answered {code} ({what})")
    return StoreUnavailable(f"the store answered {status} {code} ({what})".replace("  ", " "))


def fault_from(error: BaseError | OSError, *, what: str) -> Fault:
    """The platform's error for one of obstore's (not found is Python's own `FileNotFoundError` there)."""
    text = str(error)
    if isinstance(error, FileNotFoundError):
        return fault_of(404, text, what=what)
    if isinstance(error, PreconditionError):
        return fault_of(412, text, what=what)
    if isinstance(error, PermissionDeniedError):
        return fault_of(403, text, what=what)
    status = _STATUS.search(text)
    if status:
        return fault_of(int(status[1]), text, what=what)
    if any(word in text.lower() for word in _FULL_WORDS):
        return DiskFull(f"the store has no room left ({what})")
    return StoreUnavailable(f"the store does not answer ({what})")
