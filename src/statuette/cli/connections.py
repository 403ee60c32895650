"""Which platform a command talks to, and how a coroutine becomes a command.

The order: `--endpoint`; `--state`; `STATUETTE_ENDPOINT`; the default state folder. A password is read from standard
input, from the environment or from the state folder, never from the command line, where all of the machine sees it.
"""

import asyncio
import functools
import inspect
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from statuette.cli.environment import environment
from statuette.cli.errors import CommandError
from statuette.cli.state import StateFolder
from statuette.client import Client, Connection

P = ParamSpec("P")

StateOption = Annotated[
    Path | None,
    typer.Option("--state", metavar="DIR", help="State folder of a platform on this machine.", show_default=False),
]
EndpointOption = Annotated[
    str | None,
    typer.Option("--endpoint", metavar="URL", help="Address of a platform elsewhere.", show_default=False),
]
UserOption = Annotated[
    str | None,
    typer.Option("--user", metavar="NAME", help="User at that address (default: oscar).", show_default=False),
]
PasswordOption = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.", show_default=False)
]
InsecureOption = Annotated[
    bool, typer.Option("--insecure", help="Do not check the TLS certificate.", show_default=False)
]


@dataclass(frozen=True)
class Wish:
    """What the options of a command say about the platform to talk to."""

    state: Path | None = None
    endpoint: str | None = None
    user: str | None = None
    password_stdin: bool = False
    insecure: bool = False


def state_folder(asked: Path | None) -> StateFolder:
    """The state folder asked for, else the default one."""
    return StateFolder((asked or environment().state).expanduser().absolute())


def connection(wish: Wish) -> Connection:
    """Find the platform. Raises `CommandError` when there is none, or no password for it."""
    given = environment()
    endpoint = wish.endpoint or (given.endpoint if wish.state is None else None)
    if endpoint is None:
        folder = state_folder(wish.state)
        manager, account = folder.running(), folder.account()
        return Connection(manager.url, account.username, account.password)
    user = wish.user or given.user or "oscar"
    return Connection(endpoint, user, password(wish, given.password), verify=not wish.insecure)


def password(wish: Wish, given: str | None) -> str:
    """The password for an endpoint: standard input when asked, the environment, or a question on a terminal."""
    if wish.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise CommandError("no password: give it on standard input with --password-stdin, or in STATUETTE_PASSWORD")
    return str(typer.prompt("Password", hide_input=True, err=True))


def connected(command: Callable[Concatenate[Client, P], Awaitable[None]]) -> Callable[..., None]:
    """Make a command of a coroutine whose first argument is the client; adds the options that say where to connect."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> None:  # noqa: ANN401  # Typer checks them against the signature below
        wish = Wish(**{shared.name: options.pop(shared.name) for shared in _SHARED})
        asyncio.run(_with_client(connection(wish), lambda platform: command(platform, *args, **options)))

    _, *own = inspect.signature(command).parameters.values()
    parameters = [*own, *_SHARED]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # Typer reads it
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


async def _with_client(where: Connection, work: Callable[[Client], Awaitable[None]]) -> None:
    async with Client(where) as platform:
        await work(platform)


def _shared(name: str, annotation: Any, *, default: object) -> inspect.Parameter:  # noqa: ANN401  # Annotated is no type
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


_SHARED = (
    _shared("state", StateOption, default=None),
    _shared("endpoint", EndpointOption, default=None),
    _shared("user", UserOption, default=None),
    _shared("password_stdin", PasswordOption, default=False),
    _shared("insecure", InsecureOption, default=False),
)
