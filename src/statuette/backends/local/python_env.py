"""Python environments for services that bring packages: made once, kept by hash, mounted read-only.

Only wheels are installed: building from source would run a stranger's code with the manager's rights. For the same
reason nothing of an environment is executed but inside a sandbox.
"""

import asyncio
import hashlib
import importlib.util
import json
import os
import platform
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

from statuette.backends.local.sandbox import GUEST_ENVIRONMENT
from statuette.backends.local.spawn import Spawner
from statuette.ports.errors import BackendUnavailable, BadInput

_PINNED = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"  # name
    r"(?:\[[A-Za-z0-9._, -]*\])?"  # extras
    r"\s*==\s*[A-Za-z0-9.!+_-]+"  # version
    r"(?:\s*;[A-Za-z0-9 ._<>=!'\"()-]+)?",  # condition
    re.ASCII,
)
_LINES = 20
_BUILDING = ".building-"

Checker = Callable[[Path], list[str]]
"""Given an environment's folder, the command line that checks it in a sandbox."""


def validate(requirements: Sequence[str]) -> None:
    """Raises BadInput unless every requirement is `name==version`: no options, paths, addresses or open ends."""
    problems = [
        f"python.requirements[{index}]: {text[:80]!r} is not of the form name==version"
        for index, text in enumerate(requirements)
        if not _PINNED.fullmatch(text.strip())
    ]
    if problems:
        raise BadInput(problems=problems)


def interpreter_prefix() -> Path | None:
    """The folder of our interpreter that an environment needs beside itself; None when `/usr` has it already."""
    prefix = Path(sys.base_prefix).resolve()
    return None if prefix.is_relative_to("/usr") else prefix


def pip_folder() -> Path | None:
    """Where pip lies beside the manager, None when it does not."""
    found = importlib.util.find_spec("pip")
    return Path(found.origin).resolve().parent if found and found.origin else None


class PythonEnvironments:
    """Environments under `folder`, one a hash of requirements, interpreter and machine. pip sees `environment`."""

    def __init__(self, folder: Path, *, spawner: Spawner, checker: Checker, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._folder = folder
        self._spawner = spawner
        self._checker = checker
        self._locks: dict[str, asyncio.Lock] = {}

    def find(self, requirements: Sequence[str]) -> Path | None:
        """The environment's folder, None while it is not made."""
        path = self._folder / _key(requirements)
        return path if path.is_dir() else None

    def remove_unfinished(self) -> None:
        """Remove what a manager that died had begun."""
        for path in self._folder.glob(f"{_BUILDING}*"):
            shutil.rmtree(path)

    async def make(self, requirements: Sequence[str]) -> AsyncIterator[str]:
        """Make the environment unless it is there, telling each step in a line; asked for twice at once, it is made
        once.

        Raises BadInput when the requirements cannot be had (with pip's last words), BackendUnavailable when pip or
        room is missing. Leaves nothing half made.
        """
        validate(requirements)
        lock = self._locks.setdefault(_key(requirements), asyncio.Lock())
        if lock.locked():
            yield "waiting: another service has the same environment made"
        async with lock:
            if self.find(requirements) is not None:
                return
            building = self._folder / f"{_BUILDING}{secrets.token_hex(8)}"
            try:
                async for line in self._build(building, requirements):
                    yield line
                await asyncio.to_thread(_settle, building)
                building.rename(self._folder / _key(requirements))
            except OSError as error:
                raise BackendUnavailable(f"the Python environment could not be written: {error.strerror}") from error
            finally:
                await asyncio.to_thread(shutil.rmtree, building, ignore_errors=True)

    async def _build(self, building: Path, requirements: Sequence[str]) -> AsyncIterator[str]:
        if pip_folder() is None:
            raise BackendUnavailable("pip is missing beside the manager, so Python requirements cannot be installed")
        yield f"making an environment for Python {platform.python_version()}"
        async for _ in self._tell([sys.executable, "-I", "-m", "venv", "--without-pip", "--symlinks", str(building)]):
            continue
        wanted = building / "requirements.txt"
        wanted.write_text("".join(f"{line.strip()}\n" for line in requirements))
        options = [
            "--only-binary=:all:",
            "--no-input",
            "--disable-pip-version-check",
            "--progress-bar=off",
            "--root-user-action=ignore",
        ]
        pip = [sys.executable, "-I", "-m", "pip", "--python", str(building / "bin" / "python")]
        async for line in self._tell([*pip, "install", *options, "-r", str(wanted)]):
            yield line
        await asyncio.to_thread(_make_readable, building)
        yield "checking"
        async for line in self._tell(self._checker(building)):
            yield line

    async def _tell(self, command: Sequence[str]) -> AsyncIterator[str]:
        """Run a command and yield its lines as they come. Raises BadInput with its last lines when it fails."""
        line = ["setpriv", "--pdeathsig", "KILL", "--", *command] if shutil.which("setpriv") else [*command]
        process = await self._spawner.call(
            lambda: subprocess.Popen(
                line,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env=self._environment,
            )
        )
        last: list[str] = []
        try:
            output = process.stdout
            while output and (text := await asyncio.to_thread(output.readline)):
                last = [*last, text.rstrip()][-_LINES:]
                yield text.rstrip()[:500]
            code = await asyncio.to_thread(process.wait)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()
        if code != 0:
            raise BadInput("python.requirements cannot be installed", problems=last)


def _key(requirements: Sequence[str]) -> str:
    """Names what decides about an environment's content."""
    what = [
        sorted(line.strip() for line in requirements),
        sys.version,
        platform.machine(),
        platform.libc_ver(),
        sys.base_prefix,
    ]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]


def _settle(building: Path) -> None:
    """Make programs and configuration speak of the place where the environment is mounted, not of where it was
    built."""
    (building / "requirements.txt").unlink()
    here, there = os.fsencode(building), GUEST_ENVIRONMENT.encode()
    for path in [*(building / "bin").iterdir(), building / "pyvenv.cfg"]:
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        if here in content and b"\0" not in content:
            path.write_bytes(content.replace(here, there))


def _make_readable(building: Path) -> None:
    """Everything readable by the runners' users, whatever our umask is."""
    for folder, _, files in os.walk(building):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
