"""`apply` and `delete`: the services of FDL files."""

from pathlib import Path
from typing import Annotated

import typer

from statuette.cli.connections import connected
from statuette.cli.errors import CommandError
from statuette.cli.fdl import names, read
from statuette.cli.output import messages
from statuette.cli.waiting import prepared
from statuette.client import Client, ClientError

FilesArgument = Annotated[list[Path], typer.Argument(metavar="FDL...", help="FDL files (YAML).")]


@connected
async def apply(
    platform: Client,
    fdl: FilesArgument,
    *,
    name: Annotated[
        str | None,
        typer.Option("--name", "-n", metavar="NAME", help="Deploy the file's one service as NAME.", show_default=False),
    ] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait until the services are ready.")] = False,
) -> None:
    """Deploy the services of FDL files: create the new ones, replace the others, wait until they are ready."""
    definitions = [service.definition for path in fdl for service in read(path, name=name or "")]
    for definition in definitions:
        created = await platform.services.apply(definition)
        messages().print(f"✓ {definition['name']} {'created' if created else 'updated'}", markup=False)
    if no_wait:
        return
    for definition in definitions:
        await prepared(platform, definition["name"])
        messages().print(f"✓ {definition['name']} is ready", markup=False)


@connected
async def delete(platform: Client, fdl: FilesArgument) -> None:
    """Remove the services of FDL files; their buckets and files stay."""
    failed: list[str] = []
    for name in [name for path in fdl for name in names(path)]:
        try:
            await platform.services.remove(name)
            messages().print(f"✓ {name} removed", markup=False)
        except ClientError as error:
            failed.append(f"{name}: {error}")
    if failed:
        raise CommandError("; ".join(failed))
