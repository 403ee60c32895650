"""The only reader of the environment in the command line.

| variable | meaning |
| --- | --- |
| `STATUETTE_STATE` | the state folder of the platform on this machine |
| `STATUETTE_ENDPOINT` | the address of a platform elsewhere |
| `STATUETTE_USERNAME`, `STATUETTE_PASSWORD` | how to log in there |
| `XDG_DATA_HOME` | where the default state folder lies, else `~/.local/share` |
"""

import os
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Environment:
    """What the environment says. `state` is the state folder used when none is asked for."""

    state: Path
    endpoint: str | None
    user: str | None
    password: str | None = field(repr=False)


def environment() -> Environment:
    """Read the environment now; empty values count as not set."""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return Environment(
        state=Path(os.environ.get("STATUETTE_STATE") or data / "statuette"),
        endpoint=os.environ.get("STATUETTE_ENDPOINT") or None,
        user=os.environ.get("STATUETTE_USERNAME") or None,
        password=os.environ.get("STATUETTE_PASSWORD") or None,
    )
