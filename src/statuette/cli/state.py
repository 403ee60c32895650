"""The state folder of a platform on this machine, as far as the command line reads it.

`admin.json` holds the account made at first start, `manager.json` exists while a manager runs. A manager that was
killed leaves its `manager.json` behind and its process id may belong to somebody else by now, so the process is looked
at as well.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from statuette.cli.errors import CommandError

MANAGER_MODULE = "statuette.main"


@dataclass(frozen=True)
class Account:
    """The account of a state folder."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Manager:
    """A manager that runs: its process id and the address it answers at."""

    pid: int
    url: str


@dataclass(frozen=True)
class StateFolder:
    """One state folder. `path` is absolute."""

    path: Path

    @property
    def log(self) -> Path:
        """Where a detached manager writes what it has to say."""
        return self.path / "manager.log"

    @property
    def admin(self) -> Path:
        """The file with the account."""
        return self.path / "admin.json"

    def make(self) -> None:
        """Make the folder, for its owner only."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def account(self) -> Account:
        """The account made at first start. Raises `CommandError` when it cannot be read."""
        fields = self._read(self.admin)
        if fields is None:
            raise CommandError(f"{self.admin} is missing: has a platform ever run here? (statuette up)")
        return Account(username=str(fields.get("username", "")), password=str(fields.get("password", "")))

    def manager(self) -> Manager | None:
        """The manager of this folder, when its process lives. Raises `CommandError` when that cannot be read."""
        fields = self._read(self.path / "manager.json")
        if fields is None or not isinstance(fields.get("pid"), int):
            return None
        found = Manager(pid=fields["pid"], url=str(fields.get("url", "")))
        return found if manages(found.pid, self.path) else None

    def running(self) -> Manager:
        """The manager of this folder. Raises `CommandError` when none runs."""
        found = self.manager()
        if found is None:
            raise CommandError(f"no platform runs on {self.path} (statuette up, or --endpoint for one elsewhere)")
        return found

    def _read(self, path: Path) -> dict[str, Any] | None:
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except PermissionError as error:
            raise CommandError(f"{path} belongs to another user: run this as that user, or give --endpoint") from error
        except ValueError as error:
            raise CommandError(f"{path} holds no JSON: is it being written, or damaged?") from error
        return fields if isinstance(fields, dict) else None


def manages(pid: int, folder: Path) -> bool:
    """True when process `pid` is a manager started on `folder`.

    Its command line says so. Its start time is not asked: the boot time it is counted from moves with the clock.
    """
    process = Path("/proc") / str(pid)
    try:
        words = (process / "cmdline").read_bytes().decode(errors="surrogateescape").split("\0")
        where = (process / "cwd").readlink()
    except OSError:
        return False
    if MANAGER_MODULE not in words or "--state" not in words:
        return False
    state = words[words.index("--state") + 1 : words.index("--state") + 2]
    return [(where / value).resolve() for value in state] == [folder.resolve()]
