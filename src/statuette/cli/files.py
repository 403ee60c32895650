"""`service put-file|get-file|list-files`: files to and from the buckets of a service."""

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from statuette.cli.connections import connected
from statuette.cli.errors import CommandError
from statuette.cli.output import Format, FormatOption, as_json, messages, size, table, time
from statuette.cli.services import NameArgument
from statuette.cli.transfers import progress_bar
from statuette.cli.waiting import ended, failure, live_jobs, newest_job
from statuette.client import Client, Place, Service, StoredFile

PROVIDER = re.compile(r"(minio|s3|onedata|webdav|rucio)(\..+)?", re.IGNORECASE)
DEFAULT_PROVIDER = "minio.default"

NoProgress = Annotated[bool, typer.Option("--no-progress", help="Show no progress bar.")]


@connected
async def put_file(
    platform: Client,
    name: NameArgument,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="[PROVIDER] LOCAL [REMOTE]",
            help="A file, or a folder with files; REMOTE is bucket/key (default: the first input of the service).",
        ),
    ],
    *,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Wait until the jobs of the files have ended.")] = False,
    no_progress: NoProgress = False,
) -> None:
    """Put a file, or every file of a folder, into a bucket of a service."""
    provider, rest = split_provider(paths)
    if len(rest) not in (1, 2):
        raise typer.BadParameter("give [PROVIDER] LOCAL [REMOTE]")
    service = await platform.services.get(name)
    uploads = planned(Path(rest[0]), rest[1] if rest[1:] else default_remote(service))
    if wait:
        check_inputs(service, list(uploads))
    after = await newest_job(platform, name) if wait else ""
    keys = await platform.files.keys(provider, service=service)
    for place, local in uploads.items():
        bucket, _, key = place.partition("/")
        await upload(platform, local, Place(keys, bucket, key), bar=not no_progress)
        messages().print(f"✓ {local} → {place}", markup=False, soft_wrap=True)
    if wait:
        await wait_for(platform, name, set(uploads), after=after)


async def upload(platform: Client, local: Path, place: Place, *, bar: bool) -> None:
    """Put one file."""
    with progress_bar(local.name, local_size(local), wanted=bar) as progress:
        await platform.files.put(local, place, progress=progress)


def local_size(local: Path) -> int:
    """How many bytes a local file has."""
    return local.stat().st_size


async def wait_for(platform: Client, name: str, places: set[str], *, after: str) -> None:
    """Show the jobs of the files until they have ended. Raises `CommandError` when one failed."""
    with live_jobs() as show:
        jobs = await ended(platform, name, places, after=after, show=show)
    failures = [failure(job, summary).replace("SERVICE", name) for job, summary in jobs.items() if summary.failed]
    if failures:
        raise CommandError("; ".join(failures))


@connected
async def get_file(
    platform: Client,
    name: NameArgument,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PROVIDER] [REMOTE] [LOCAL]",
            help="REMOTE is bucket/key; LOCAL a file or folder (default: here), - for standard output.",
        ),
    ] = None,
    *,
    into: Annotated[
        Path | None,
        typer.Option(
            "--download-latest-into",
            metavar="DIR|FILE",
            help="Get the newest output of the service.",
            show_default=False,
        ),
    ] = None,
    no_progress: NoProgress = False,
) -> None:
    """Get a file from a bucket of a service and print where it lies now."""
    provider, rest = split_provider(paths or [])
    if len(rest) > (2 if into is None else 0) or (into is None and not rest):
        raise typer.BadParameter("give [PROVIDER] REMOTE [LOCAL], or --download-latest-into")
    service = await platform.services.get(name)
    place = rest[0] if into is None else (await newest_output(platform, service)).place
    local = Path(rest[1] if rest[1:] else ".") if into is None else into
    keys = await platform.files.keys(provider, service=service)
    bucket, key = split_place(place)
    await download(platform, Place(keys, bucket, key), local, bar=not no_progress)


async def download(platform: Client, place: Place, local: Path, *, bar: bool) -> None:
    """Get one object into a file or folder. A transfer that breaks leaves nothing under the wanted name."""
    if local == Path("-"):
        await platform.files.get(place, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    target = target_of(local, place)
    part = target.with_name(f".{target.name[:200]}.part")
    total = await platform.files.size(place)
    try:
        with progress_bar(target.name, total, wanted=bar) as progress, part.open("wb") as file:
            await platform.files.get(place, file, progress=progress)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    typer.echo(str(target.absolute()))


def target_of(local: Path, place: Place) -> Path:
    """Where an object goes: into a folder under the last part of its key, else under the name given."""
    return local / Path(place.key).name if local.is_dir() else local


@connected
async def list_files(
    platform: Client,
    name: NameArgument,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PROVIDER] [PATH]", help="PATH is bucket/folder (default: all inputs and outputs of the service)."
        ),
    ] = None,
    *,
    output: FormatOption = Format.TABLE,
) -> None:
    """List the files of a service."""
    provider, rest = split_provider(paths or [])
    service = await platform.services.get(name)
    own = [path.path for path in (*service.input, *service.output) if path.on_the_platform]
    keys = await platform.files.keys(provider, service=service)
    files: list[StoredFile] = []
    for path in rest or list(dict.fromkeys(own)):
        bucket, _, folder = path.partition("/")
        files += [file async for file in platform.files.beneath(Place(keys, bucket, folder))]
    if output is Format.JSON:
        as_json([{"place": file.place, "size": file.size, "modified": file.modified.isoformat()} for file in files])
    else:
        table(["FILE", "SIZE", "LAST MODIFIED"], [[file.place, size(file.size), time(file.modified)] for file in files])


def split_provider(paths: list[str]) -> tuple[str, list[str]]:
    """The provider, where the first of several words is one, and the other words."""
    if len(paths) > 1 and PROVIDER.fullmatch(paths[0]):
        return paths[0], paths[1:]
    return DEFAULT_PROVIDER, paths


def split_place(place: str) -> tuple[str, str]:
    """Bucket and key of `bucket/key`. Raises `CommandError` when one is missing."""
    bucket, _, key = place.partition("/")
    if not bucket or not key:
        raise CommandError(f"{place!r} must be bucket/key")
    return bucket, key


def default_remote(service: Service) -> str:
    """The first input of a service that lies on the platform, as a folder."""
    inputs = [path.path for path in service.input if path.on_the_platform]
    if not inputs:
        raise CommandError(f"the service {service.name!r} has no input here: say where to put it (bucket/key)")
    return f"{inputs[0].rstrip('/')}/"


def planned(local: Path, remote: str) -> dict[str, Path]:
    """Which local file goes to which place (`bucket/key`)."""
    if not local.is_dir():
        local.stat()  # a file that is missing is told before anything is sent
        place = f"{remote}{local.name}" if remote.endswith("/") else remote
        return {"/".join(split_place(place)): local}
    files = sorted(path for path in local.rglob("*") if path.is_file())
    if not files:
        raise CommandError(f"the folder {local} holds no files")
    return {"/".join(split_place(f"{remote.rstrip('/')}/{path.relative_to(local)}")): path for path in files}


def check_inputs(service: Service, places: list[str]) -> None:
    """Raise `CommandError` when a file would start nothing: waiting for it would never end."""
    for place in places:
        if not any(path.on_the_platform and path.holds(place) for path in service.input):
            raise CommandError(
                f"{place} lies under no input of {service.name!r}: no job will come of it (leave out --wait)"
            )


async def newest_output(platform: Client, service: Service) -> StoredFile:
    """The newest object under the outputs of a service. Raises `CommandError` when there is none."""
    keys = await platform.files.keys(DEFAULT_PROVIDER)
    newest: StoredFile | None = None
    for path in service.output:
        if not path.on_the_platform:
            continue
        async for file in platform.files.beneath(Place(keys, path.bucket, path.folder)):
            newest = file if newest is None or file.modified > newest.modified else newest
    if newest is None:
        raise CommandError(f"the service {service.name!r} has no output yet")
    return newest
