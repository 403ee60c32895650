"""The state folder: everything that lasts, readable by its owner only, held by one manager at a time."""

import fcntl
import json
import logging
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from statuette.ports.vault import Vault
from statuette.settings import Settings

log = logging.getLogger(__name__)

_ADMIN = "administrator"
"""The name in the vault under which managers on one ledger share the credentials."""


class StateHeld(Exception):
    """Another manager runs on this state folder; the message says where."""


@dataclass(frozen=True, slots=True)
class StateFolder:
    """Where things lie in the state folder."""

    path: Path

    @property
    def ledger(self) -> Path:
        return self.path / "ledger.db"

    @property
    def key_file(self) -> Path:
        return self.path / "key"

    @property
    def admin(self) -> Path:
        return self.path / "admin.json"

    @property
    def manager(self) -> Path:
        return self.path / "manager.json"

    @property
    def id_file(self) -> Path:
        return self.path / "id"

    def folder(self, name: str) -> Path:
        """A sub-folder, made when missing, for its owner only."""
        path = self.path / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def emptied(self, name: str) -> Path:
        """The same for what lasts no longer than a manager: what an earlier one left is removed."""
        shutil.rmtree(self.path / name, ignore_errors=True)
        return self.folder(name)

    def free_bytes(self) -> int:
        """Bytes left on the disk for this user."""
        return shutil.disk_usage(self.path).free


@contextmanager
def held(path: Path) -> Iterator[StateFolder]:
    """Make the folder if need be and hold it. Raises `StateHeld` when another manager does."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    state = StateFolder(path)
    with os.fdopen(os.open(path / "lock", os.O_WRONLY | os.O_CREAT, 0o600), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateHeld(f"a platform runs on {path} already, at {_url(state)}; statuette down ends it") from None
        try:
            yield state
        finally:
            state.manager.unlink(missing_ok=True)


def manager_id(state: StateFolder) -> str:
    """What tells this manager from the others on its ledger: made once, and lasting as the state folder does."""
    kept = _read(state.id_file).get("id")
    if not kept:
        kept = secrets.token_hex(4)
        write_private(state.id_file, {"id": kept})
    return kept


async def shared_credentials(state: StateFolder, settings: Settings, vault: Vault) -> tuple[str, str]:
    """As `credentials`, the same for every manager on one ledger: what the first one had is kept in the vault.

    Where the settings give a password it counts, from now on for all that are started later.
    """
    text = await vault.read(_ADMIN)
    if text is None:
        username, password = credentials(state, settings)
        text = json.dumps({"username": username, "password": password})
        if not await vault.add(_ADMIN, text):
            text = await vault.read(_ADMIN) or text
    kept = json.loads(text)
    name, word = settings.username or kept["username"], settings.password or kept["password"]
    username, password = credentials(state, replace(settings, username=name, password=word))
    if {"username": username, "password": password} != kept:
        log.warning("the administrator's credentials were changed by the settings", extra={"action": "credentials"})
        await vault.write(_ADMIN, json.dumps({"username": username, "password": password}))
    return username, password


def credentials(state: StateFolder, settings: Settings) -> tuple[str, str]:
    """The administrator's name and password: as given, as kept, or new and kept in `admin.json`."""
    kept = _read(state.admin)
    username = settings.username or kept.get("username") or "oscar"
    password = settings.password or kept.get("password") or secrets.token_urlsafe(18)
    if {"username": username, "password": password} != kept:
        write_private(state.admin, {"username": username, "password": password})
    return username, password


def announce(state: StateFolder, url: str, *, started: float) -> None:
    """Tell the command line where this manager answers. `started` is seconds since the epoch."""
    write_private(state.manager, {"pid": os.getpid(), "url": url, "started": started})


def write_private(path: Path, content: dict[str, object]) -> None:
    """Write JSON into a file that only its owner can read, whole or not at all."""
    draft = path.with_suffix(".draft")
    with suppress(FileNotFoundError):
        draft.unlink()
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _url(state: StateFolder) -> str:
    return _read(state.manager).get("url") or "an address that it has not told yet"


def _read(path: Path) -> dict[str, str]:
    try:
        content = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}
