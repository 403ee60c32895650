"""Settings: the only reader of the environment and of the command line that starts a manager.

Every setting is a field with its unit and default; `STATUETTE_<FIELD>` in the environment gives it, the command line
wins over that. The contract's `OSCAR_USERNAME` and `OSCAR_PASSWORD` name the administrator.
"""

import argparse
import logging
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path


class InvalidSettings(Exception):
    """A setting cannot be read; says which and what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one manager runs. Sizes are bytes, times seconds."""

    state: Path
    """Folder for everything that lasts. Default `~/.local/share/statuette`."""
    listen: str = "127.0.0.1"
    """Address of the public port."""
    port: int = 8080
    """Public port; 0 takes a free one."""
    username: str = ""
    password: str = field(default="", repr=False)
    """The administrator's; generated into `admin.json` in the state folder when not given."""
    name: str = "oscar"
    namespace: str = "oscar-svc"
    store_endpoint: str = ""
    """An S3 store to attach; empty starts the embedded one."""
    store_access_key: str = ""
    store_secret_key: str = field(default="", repr=False)
    store_region: str = "us-east-1"
    store_filer: str = ""
    """gRPC address `host:port` of an attached SeaweedFS's filer, for its event stream; without it only the sweep finds
    new objects.
    """
    store_port: int = 0
    """Port of the embedded store's S3 door; 0 chooses one at first start and keeps it."""
    store_verify: bool = True
    """Whether the attached store's certificate is checked."""
    ledger: str = ""
    """A SQLAlchemy address of the ledger's database; empty means SQLite in the state folder. On PostgreSQL several
    managers may work, each with a state folder of its own.
    """
    key_file: str = ""
    """The ledger's key; by default `key` in the state folder. Several managers need the same."""
    lease_ttl: float = 60.0
    """Seconds after which the work of a manager that died is given to another."""
    duty_ttl: float = 10.0
    """Seconds after which another manager follows the store in place of one that died."""
    sweep_every: float = 300.0
    keep_jobs: float = 2_592_000.0
    """Seconds for which records of ended jobs and their logs are kept (30 days, the contract's `TTL_JOB`); 0: for
    ever.
    """
    keep_dead_jobs: float = 7_776_000.0
    """The same for dead letters, with their submitted bodies (90 days)."""
    most_hops: int = 100
    """Services in a row after which an output starts nothing more: what stops a loop that runs away."""
    least_free: int = 512 * 2**20
    """Free bytes under which no more work is handed out."""
    grace: float = 20.0
    """Seconds that running work gets to end after SIGTERM."""
    call_queue: int = 100
    """Calls that may wait for each service."""
    largest_job_body: int = 2**30
    largest_call_body: int = 256 * 2**20
    log_limit: int = 10 * 2**20
    """Bytes of log kept for each attempt."""
    log_level: str = "INFO"
    supervisor: str = "task"
    """Where supervisors live: `task`, in the manager, or `process`, each with its runner in a process of its own."""
    pip_environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What pip sees of the manager's environment when it makes a service's; the rest may hold secrets. Read, not
    set.
    """


SHORTEST_TTL = 1.0
"""Seconds that a lease or a duty lasts at least."""
SUPERVISORS = ("task", "process")
PASSED_ON = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "TMPDIR")
ALIASES = {"OSCAR_USERNAME": "username", "OSCAR_PASSWORD": "password"}


def read(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[Settings, argparse.Namespace]:
    """The settings, and what else the command line says (`doctor`). Raises `InvalidSettings`; exits 2 on unknown
    arguments.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    values: dict[str, object] = {}
    for name, alias in ALIASES.items():
        if environment.get(name):
            values[alias] = environment[name]
    for one in fields(Settings):
        text = environment.get(f"STATUETTE_{one.name.upper()}")
        if text and one.name != "pip_environment":
            values[one.name] = _convert(one.name, one.type, text)
    for name in ("state", "listen", "port"):
        if getattr(given, name) is not None:
            values[name] = getattr(given, name)
    values["pip_environment"] = {name: value for name, value in environment.items() if _for_pip(name)}
    _check_times(values)
    level = str(values.get("log_level", "INFO"))
    if level.upper() not in logging.getLevelNamesMapping():
        raise InvalidSettings(f"STATUETTE_LOG_LEVEL: {level!r} is none of DEBUG, INFO, WARNING, ERROR, CRITICAL")
    if values.get("supervisor", "task") not in SUPERVISORS:
        raise InvalidSettings(f"STATUETTE_SUPERVISOR: {values['supervisor']!r} is none of {', '.join(SUPERVISORS)}")
    _check_ages(values)
    state = Path(str(values.get("state") or default_state(environment)))
    return Settings(**values | {"state": state.expanduser().absolute()}), given  # type: ignore[arg-type]


def _check_ages(values: Mapping[str, object]) -> None:
    for name in ("keep_jobs", "keep_dead_jobs"):
        value = values.get(name, 0.0)
        if not (isinstance(value, float) and 0 <= value < math.inf):
            raise InvalidSettings(f"STATUETTE_{name.upper()}: {value} is no number of seconds, 0 (for ever) or more")


def _check_times(values: Mapping[str, object]) -> None:
    """A lease or duty that ends while it is being prolonged would be lost again and again."""
    for name in ("lease_ttl", "duty_ttl"):
        value = values.get(name, SHORTEST_TTL)
        if not isinstance(value, float) or not SHORTEST_TTL <= value < float("inf"):
            raise InvalidSettings(f"STATUETTE_{name.upper()}: {value} is no number of seconds from {SHORTEST_TTL:g} on")


def from_process(arguments: Sequence[str]) -> tuple[Settings, argparse.Namespace]:
    """`read` with this process's environment."""
    return read(arguments, os.environ)


def for_manager(**values: str) -> dict[str, str]:
    """This process's environment for a manager to be started, with these settings and none that stood there before."""
    ours = ("STATUETTE_", *ALIASES)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {f"STATUETTE_{name.upper()}": value for name, value in values.items()}


def _for_pip(name: str) -> bool:
    return name in PASSED_ON or name.startswith("PIP_") or name.lower().endswith("_proxy")


def default_state(environment: Mapping[str, str]) -> str:
    """Where the state is when nothing says so (the XDG base directories)."""
    home = environment.get("XDG_DATA_HOME") or "~/.local/share"
    return f"{home}/statuette"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m statuette.main", description="The manager of a statuette platform; `statuette up` starts it."
    )
    parser.add_argument("--state", type=Path, help="folder for everything that lasts")
    parser.add_argument("--listen", help="address of the public port (default 127.0.0.1)")
    parser.add_argument("--port", type=int, help="public port (default 8080; 0 takes a free one)")
    parser.add_argument("--doctor", action="store_true", help="check this machine, print JSON and end")
    return parser


def _convert(name: str, kind: object, text: str) -> object:
    label = kind if isinstance(kind, str) else getattr(kind, "__name__", "str")
    try:
        return _CONVERTERS[label](text)
    except ValueError as error:
        raise InvalidSettings(f"STATUETTE_{name.upper()}: {text!r} is not a valid {label}") from error


def _truth(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.lower() not in words:
        raise ValueError(text)
    return words[text.lower()]


_CONVERTERS: dict[str, Callable[[str], object]] = {
    "int": int,
    "float": float,
    "bool": _truth,
    "str": str,
    "Path": Path,
}
