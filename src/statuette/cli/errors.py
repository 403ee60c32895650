"""Errors of the command line: one line on stderr that says what to do, exit code 1 (2 for wrong usage)."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from typer.core import TyperGroup

from statuette.client import Busy, ClientError

FAILED = 1  # exit code of everything but wrong usage, which is 2


class CommandError(Exception):
    """A command cannot go on; the text is one line for a person and says what to do."""


class OneLineGroup(TyperGroup):
    """The root of all commands: turns the errors of this house into one line and exit code 1."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]  # typer types it by a private class
        with one_line():
            return super().invoke(ctx)


@contextmanager
def one_line() -> Iterator[None]:
    """Print the errors that are for persons and leave with exit code 1; others are bugs and keep their traceback."""
    try:
        yield
    except BrokenPipeError:  # who read our output has gone: nothing to tell, Typer leaves quietly
        raise
    except (CommandError, ClientError, OSError) as error:
        typer.echo(f"Error: {words(error)}", err=True)
        raise typer.Exit(FAILED) from error


def words(error: BaseException) -> str:
    """What happened, in one line."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    text = " ".join(str(error).split())
    if isinstance(error, Busy) and error.retry_after is not None:
        return f"{text} (try again in {error.retry_after:.0f} s)"
    return text
