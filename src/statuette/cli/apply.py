"""`apply` and `delete`: the services of FDL files."""

from pathlib import Path
from typing import Annotated

import typer

from statuette.cli.connections import connected
from statuette.cli.errors import CommandError
from statuette.cli.fdl import Wanted, read, renamed
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
    wanted = named([each for path in fdl for each in read(path)], name)
    for each in wanted:
        created = await platform.services.apply(each.definition)
        messages().print(f"✓ {each.name} {'created' if created else 'updated'}", markup=False)
    if no_wait:
        return
    for each in wanted:
        await prepared(platform, each.name)
        messages().print(f"✓ {each.name} is ready", markup=False)


@connected
async def delete(platform: Client, fdl: FilesArgument) -> None:
    """Remove the services of FDL files; their buckets and files stay."""
    failed: list[str] = []
    for each in [each for path in fdl for each in read(path, scripts=False)]:
        try:
            await platform.services.remove(each.name)
            messages().print(f"✓ {each.name} removed", markup=False)
        except ClientError as error:
            failed.append(f"{each.name}: {error}")
    if failed:
        raise CommandError("; ".join(failed))


def named(wanted: list[Wanted], name: str | None) -> list[Wanted]:
    """The services, the one of them renamed where a name was given."""
    if name is None:
        return wanted
    if len(wanted) != 1:
        raise CommandError(f"--name needs exactly one service, the files hold {len(wanted)}")
    return [renamed(wanted[0], name)]
