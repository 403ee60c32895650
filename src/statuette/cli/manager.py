"""`up` and `down`: the platform of this machine, started and ended."""

import signal
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from statuette.cli.connections import StateOption, state_folder
from statuette.cli.environment import environment
from statuette.cli.errors import CommandError
from statuette.cli.output import messages
from statuette.cli.processes import answering, end, last_words, log_file, need_server, start
from statuette.cli.state import Manager, StateFolder

ALREADY_RUNS = 3  # a manager's exit code when another one holds its state folder

ListenOption = Annotated[
    str | None,
    typer.Option(metavar="ADDR", help="Address to listen at (default: this machine only).", show_default=False),
]
PortOption = Annotated[int | None, typer.Option(metavar="N", help="Port to listen at.", show_default=False)]


def up(
    *,
    state: StateOption = None,
    listen: ListenOption = None,
    port: PortOption = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Start in the background and return.")] = False,
) -> None:
    """Start the platform on this machine."""
    need_server()
    folder = state_folder(state)
    running = folder.manager()
    if running is not None:
        raise CommandError(f"a platform runs on {folder.path} already, at {running.url}{down_hint(folder)}")
    folder.make()
    options = [
        word
        for name, value in (("--listen", listen), ("--port", port))
        if value is not None
        for word in (name, str(value))
    ]
    if detach:
        in_background(folder, options)
    else:
        in_foreground(folder, options)


def in_background(folder: StateFolder, options: list[str]) -> None:
    """Start the platform, wait until it answers, and leave it."""
    with log_file(folder.log) as log:
        written = folder.log.stat().st_size
        child = start(folder, options, log=log)
    try:
        greet(folder, answering(folder, child))
    except CommandError as error:
        if child.returncode is None:
            raise
        raise CommandError(f"{last_words(folder.log, written) or error} (log: {folder.log})") from error
    child.returncode = 0  # it lives on and is not waited for
    messages().print(f"It runs in the background; its log is {folder.log}{down_hint(folder)}", soft_wrap=True)


def in_foreground(folder: StateFolder, options: list[str]) -> None:
    """Start the platform and stay with it until it ends; Ctrl-C, SIGTERM or a closed terminal end it gracefully."""
    child = start(folder, options, log=None)

    def finish(number: int, frame: FrameType | None) -> None:
        del number, frame
        child.terminate()

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, finish)
    try:
        greet(folder, answering(folder, child))
        messages().print("Ctrl-C ends it.")
    except CommandError:
        if child.returncode == ALREADY_RUNS:  # it has told so itself
            raise typer.Exit(1) from None
        if child.returncode not in (0, -signal.SIGTERM):
            raise
    code = child.wait()
    raise typer.Exit(0 if code in (0, -signal.SIGTERM) else 1)


def greet(folder: StateFolder, manager: Manager) -> None:
    """Say where the platform listens and how one logs in."""
    out = messages()
    out.print(f"statuette listens at [bold]{manager.url}[/bold]", soft_wrap=True)
    user = folder.account().username if folder.admin.exists() else "oscar"
    out.print(f"Log in as {user}; the password is in {folder.admin} (only you can read it).", soft_wrap=True)


def down(*, state: StateOption = None) -> None:
    """End the platform of this machine; running jobs are finished within its grace time, or run again later."""
    folder = state_folder(state)
    manager = folder.manager()
    if manager is None:
        messages().print(f"No platform runs on {folder.path}.", soft_wrap=True)
        return
    with messages().status("Ending the platform …"):
        end(folder, manager)
    messages().print(f"The platform at {manager.url} has ended; its state stays in {folder.path}.", soft_wrap=True)


def down_hint(folder: StateFolder) -> str:
    """How to end the platform of this folder, as the end of a sentence."""
    return f" (statuette down{state_words(folder.path)})"


def state_words(path: Path) -> str:
    """The option that names a state folder, where it is not the default one."""
    return "" if path == environment().state.expanduser().absolute() else f" --state {path}"
