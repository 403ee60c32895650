"""`service list|get|remove|run|job`: what is deployed, and the two ways of giving it work directly."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from statuette.cli.connections import connected
from statuette.cli.errors import CommandError
from statuette.cli.output import Format, FormatOption, as_json, as_yaml, messages, table
from statuette.cli.verbs import verb
from statuette.client import Client, ClientError
from statuette.client.calls import CALL_TIMEOUT

app = typer.Typer(no_args_is_help=True, help="Services: deployed, called, fed with files, removed.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the service.")]
AnyServiceArgument = Annotated[
    str | None,
    typer.Argument(metavar="[SERVICE]", help="Name of the service (default: all).", show_default=False),
]
FileInput = Annotated[
    Path | None,
    typer.Option(
        "--file-input", "-f", metavar="FILE", help="File sent as input; - for standard input.", show_default=False
    ),
]
TextInput = Annotated[
    str | None, typer.Option("--text-input", "-i", metavar="TEXT", help="Text sent as input.", show_default=False)
]


@verb(app, "list", "ls")
@connected
async def list_services(platform: Client, *, output: FormatOption = Format.TABLE) -> None:
    """List the services."""
    services = await platform.services.all()
    if output is Format.JSON:
        as_json([service.plain() for service in services])
    elif services:
        rows = [[each.name, each.image, each.cpu, each.memory, each.status.state] for each in services]
        table(["NAME", "IMAGE", "CPU", "MEMORY", "STATE"], rows)
    else:
        messages().print("There are no services yet (statuette apply FDL).")


@verb(app, "get", "g")
@connected
async def get_service(platform: Client, name: NameArgument, *, output: FormatOption = Format.TABLE) -> None:
    """Print the definition of a service, as YAML or JSON."""
    service = await platform.services.get(name)
    (as_json if output is Format.JSON else as_yaml)(service.plain())


@verb(app, "remove", "rm", "delete", "del", "d")
@connected
async def remove_services(
    platform: Client,
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Names of the services.")],
    *,
    purge: Annotated[bool, typer.Option("--purge", help="Also empty the buckets that no other service uses.")] = False,
) -> None:
    """Remove services. Their buckets and files stay, unless --purge is given."""
    failed: list[str] = []
    for name in names:
        try:
            await platform.services.remove(name, purge=purge)
            messages().print(f"✓ {name} removed", markup=False)
        except ClientError as error:
            failed.append(f"{name}: {error}")
    if failed:
        raise CommandError("; ".join(failed))


@verb(app, "run", "invoke", "r")
@connected
async def run_service(
    platform: Client,
    name: NameArgument,
    *,
    file_input: FileInput = None,
    text_input: TextInput = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="File for the answer.", show_default=False)
    ] = None,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="How long to wait for the answer.", min=1)
    ] = CALL_TIMEOUT,
) -> None:
    """Call a service and print its answer (decoded when it came as base64)."""
    answer = await platform.calls.run(name, given_input(file_input, text_input), timeout=timeout)
    if output is not None:
        output.write_bytes(answer)
        return
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()


@verb(app, "job", "j")
@connected
async def submit_job(
    platform: Client,
    name: NameArgument,
    *,
    file_input: FileInput = None,
    text_input: TextInput = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", help="The same job handed in again under this key is the same job.", show_default=False
        ),
    ] = None,
) -> None:
    """Hand in a job and print its id; it runs in the background."""
    data = given_input(file_input, text_input)
    typer.echo(await platform.jobs.submit(name, data, idempotency_key=idempotency_key))


def given_input(file_input: Path | None, text_input: str | None) -> bytes:
    """The input asked for: a file, standard input, or a text; exactly one of them."""
    if (file_input is None) == (text_input is None):
        raise typer.BadParameter("give exactly one of --file-input and --text-input")
    if text_input is not None:
        return text_input.encode()
    if file_input == Path("-"):
        return sys.stdin.buffer.read()
    return Path(str(file_input)).read_bytes()
