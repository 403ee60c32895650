"""FDL files on this machine: read, checked, the text of their scripts put in. The format itself is `spec.fdl`'s."""

from collections.abc import Callable
from pathlib import Path

from statuette.cli.errors import CommandError
from statuette.spec.errors import InvalidDefinition
from statuette.spec.fdl import FdlService, load_fdl


def read(path: Path, *, name: str = "") -> list[FdlService]:
    """The services of an FDL file, checked; with `name` its one service is called so, and its buckets follow.

    Raises `CommandError` with every wrong field and its line, before anything is sent.
    """
    try:
        services = load_fdl(text_of(path), scripts=beside(path), file=str(path), rename=name)
        for service in services:
            service.service()
    except InvalidDefinition as error:
        raise CommandError("; ".join(error.problems)) from error
    if name and len(services) != 1:
        raise CommandError(f"{path}: --name needs exactly one service, here are {len(services)}")
    return services


def names(path: Path) -> list[str]:
    """The names of the services in an FDL file, whose scripts may be missing."""
    try:
        services = load_fdl(text_of(path), scripts=lambda _: "", file=str(path))
    except InvalidDefinition as error:
        raise CommandError("; ".join(error.problems)) from error
    return [str(service.definition.get("name", "")) for service in services]


def text_of(path: Path) -> str:
    """A file as text, its line ends as they are. Raises `CommandError` when it is none."""
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is no text in UTF-8") from error


def beside(path: Path) -> Callable[[str], str]:
    """Reads script files where the contract says they lie: relative to the FDL file."""
    return lambda script: text_of(path.parent / script)
