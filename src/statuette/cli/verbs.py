"""Names of commands: the first is shown, the others (those of the existing command line) work as well."""

from collections.abc import Callable
from typing import Any

import typer

Command = Callable[..., Any]


def verb(app: typer.Typer, name: str, *others: str) -> Callable[[Command], Command]:
    """Register a command under `name`, and hidden under every other name."""

    def register(command: Command) -> Command:
        app.command(name)(command)
        for other in others:
            app.command(other, hidden=True)(command)
        return command

    return register


def group(app: typer.Typer, commands: typer.Typer, name: str, *others: str) -> None:
    """Hang a group of commands beneath another under `name`, and hidden under every other name."""
    app.add_typer(commands, name=name)
    for other in others:
        app.add_typer(commands, name=other, hidden=True)
