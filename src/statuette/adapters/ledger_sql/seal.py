"""Encryption of what is secret in the ledger: AES-256-GCM under a key in a file that only its owner can read.

Each value is bound to its name as associated data, so one row's secret cannot be put into another's place.
"""

import base64
import binascii
import os
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from statuette.ports.errors import LedgerUnavailable

_KEY_BYTES = 32
_NONCE_BYTES = 12
_WRONG_KEY = (
    "the key file is not the one this ledger was written with; every manager on it needs a copy of the first one's"
)


class Seal:
    """Closes and opens values. Raises `LedgerUnavailable` when a value was not closed with this key under this name."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def close(self, name: str, value: str) -> bytes:
        """The value encrypted: a fresh nonce of 12 bytes, then the authenticated text."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, value.encode(), name.encode())

    def open(self, name: str, sealed: bytes) -> str:
        """The value that was closed under this name."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise LedgerUnavailable(_WRONG_KEY) from error


def read_key(file: Path) -> bytes:
    """The key in the file.

    Raises `LedgerUnavailable` when others can read it or it holds no key, `FileNotFoundError`.
    """
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as source:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or stat.S_IMODE(status.st_mode) & 0o077:
            raise LedgerUnavailable("the ledger's key file must be a file that only its owner can read (chmod 600)")
        text = source.read(1024)
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except binascii.Error as error:
        raise LedgerUnavailable("the ledger's key file holds no key") from error
    if len(key) != _KEY_BYTES:
        raise LedgerUnavailable("the ledger's key file holds no key")
    return key


def make_key(file: Path) -> bytes:
    """Make the file with a new key, whole or not at all; when another process was faster, its key is returned."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as target:
            target.write(base64.b64encode(os.urandom(_KEY_BYTES)) + b"\n")
            target.flush()
            os.fsync(descriptor)
        try:
            os.link(draft, file)
        except FileExistsError:
            return read_key(file)
    finally:
        draft.unlink()
    _sync_folder(file.parent)
    return read_key(file)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
