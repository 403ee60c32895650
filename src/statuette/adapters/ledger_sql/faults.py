"""What the database's errors mean to those above: the foreign error stops here."""

import errno
import sqlite3

import orjson
from sqlalchemy import exc

from statuette.ports.errors import BadInput, Conflict, DiskFull, LedgerUnavailable

_PG_DISK_FULL = "53100"
_PG_AGAIN = ("40001", "40P01")  # serialization failure, deadlock: the transaction may simply be run again
_SQLITE_FULL = ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")
_UNKEEPABLE = (UnicodeError, OverflowError, orjson.JSONEncodeError, exc.DataError)


def translated(error: Exception) -> Exception:
    """The fault to tell the caller; an error that is no database's is a bug and comes back as it is.

    Messages of the database are left out: they may show values.
    """
    if isinstance(error, _UNKEEPABLE):
        return BadInput("a text or number in it cannot be kept by the ledger")
    if isinstance(error, exc.IntegrityError):
        return Conflict()
    if _disk_full(error):
        return DiskFull()
    if isinstance(error, (exc.SQLAlchemyError, OSError)):
        return LedgerUnavailable()
    return error


def worth_repeating(error: Exception) -> bool:
    """Whether the same transaction may succeed when run again at once."""
    return isinstance(error, exc.DBAPIError) and getattr(error.orig, "sqlstate", None) in _PG_AGAIN


def _disk_full(error: Exception) -> bool:
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    if isinstance(cause, OSError):
        return cause.errno in (errno.ENOSPC, errno.EDQUOT)
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorname", "") in _SQLITE_FULL
    return getattr(cause, "sqlstate", None) == _PG_DISK_FULL
