"""The whole platform in one go: started, a model deployed, pictures read, eight services fed by one file.

    python examples/demo.py [--state .demo] [--stop]

It does what a user would do, partly with the command line (each command is printed before it runs) and partly with the
Python client, which shows how far every picture is. It may be run again, on a platform that runs already too.
"""

import argparse
import asyncio
import io
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table

from statuette.cli.connections import Wish, connection
from statuette.cli.errors import CommandError, words
from statuette.cli.fdl import names as services_of
from statuette.cli.state import StateFolder
from statuette.cli.waiting import Show, ended, failure, newest_job, steps
from statuette.client import Client, ClientError, Job, JobSummary, Place, StoreKeys

EXAMPLES = Path(__file__).resolve().parent
PICTURES = EXAMPLES / "ocr" / "pictures"
FRAME = EXAMPLES / "fanout" / "frames" / "radar-1205.csv"
SHOWN_STAGES = ("stored", "seen", "leased", "fetched", "started", "ended", "published")
USUAL_PORT = 8080
LINES_SHOWN = 6  # lines of text printed for a picture; the rest lies in the bucket

# In a pipe nothing may be cut off; on a terminal the window says how wide it is.
out = Console(highlight=False, width=None if sys.stdout.isatty() else 140)


def main() -> int:
    """Run the demonstration; 0 when everything worked."""
    parser = argparse.ArgumentParser(description="Start the platform, read pictures with a real model, fan a file out.")
    parser.add_argument(
        "--state", type=Path, default=Path(".demo"), help="state folder of the platform (default: .demo)"
    )
    parser.add_argument("--stop", action="store_true", help="end the platform afterwards")
    options = parser.parse_args()
    folder = StateFolder(options.state.absolute())
    try:
        run(folder)
    except (CommandError, ClientError, OSError) as error:
        out.print(f"[red]The demonstration stopped:[/red] {words(error)}", soft_wrap=True)
        out.print(f"The platform's log is {folder.log}", soft_wrap=True)
        return 1
    finally:
        if options.stop and folder.manager() is not None:
            statuette("down", folder)
    if not options.stop:
        say_how_to_go_on(folder)
    return 0


def run(folder: StateFolder) -> None:
    """Everything, step by step."""
    if folder.manager() is None:
        statuette("up", folder, "--detach", "--port", str(free_port()))
    else:
        out.print(f"A platform runs already on {shown(folder.path)}: it is used.")
    heading("A service that reads text in photographs", "its neural models come inside a Python package")
    statuette("apply", folder, shown(EXAMPLES / "ocr" / "ocr.yaml"))
    asyncio.run(read_pictures(folder))
    heading("One file, eight services", "each listens to radar/in and computes its own product of a radar frame")
    statuette("apply", folder, shown(EXAMPLES / "fanout" / "fanout.yaml"))
    asyncio.run(fan_out(folder))


def program() -> str:
    """How the command line is called from here: by its name where the shell finds it."""
    beside = Path(sys.executable).with_name("statuette")
    return "statuette" if shutil.which("statuette") == str(beside) else shown(beside)


def statuette(verb: str, folder: StateFolder, *arguments: str) -> None:
    """Run a command of the command line, shown first. Raises `CommandError` when it fails."""
    typed = [verb, *arguments, "--state", shown(folder.path)]
    out.print(f"[bold]$ {program()} {' '.join(typed)}[/bold]", soft_wrap=True)
    done = subprocess.run([sys.executable, "-m", "statuette", *typed], check=False)
    if done.returncode:
        raise CommandError(f"statuette {verb} ended with exit code {done.returncode}")


async def read_pictures(folder: StateFolder) -> None:
    """Put the pictures into the bucket, follow them, print what was found and how long each stage took."""
    uploads = {f"ocr/in/{picture.name}": picture for picture in sorted(PICTURES.glob("*.jpg"))}
    async with Client(connection(Wish(state=folder.path))) as platform:
        keys = (await platform.system.config()).minio_provider
        after = await newest_job(platform, "ocr")
        heading(f"{len(uploads)} pictures into ocr/in", "every picture becomes a job; ms from stage to stage")
        started = time.monotonic()
        for place, picture in uploads.items():
            await platform.files.put(picture, at(keys, place))
        with Live(console=out, auto_refresh=False) as live:
            show = live_table(live)
            jobs = await ended(platform, "ocr", uploads, after=after, show=show)
        seconds = time.monotonic() - started
        out.print()
        check(jobs)
        for name in sorted(jobs, key=lambda job: jobs[job].object or ""):
            await print_text(platform, await platform.jobs.get("ocr", name), keys=keys)
        out.print(f"{len(jobs)} pictures in {seconds:.1f} s. The results lie in the bucket, in ocr/out.")


def live_table(live: Live) -> Show:
    """Shows jobs with their stages as a table that is redrawn (on a terminal; elsewhere its last state is printed)."""

    def show(jobs: Mapping[str, JobSummary]) -> None:
        live.update(stage_table(list(jobs.values())), refresh=out.is_terminal)

    return show


def stage_table(jobs: Sequence[JobSummary]) -> Table:
    """A line per picture: how many milliseconds each stage came after the one before."""
    table = Table(box=box.SIMPLE_HEAD, header_style="bold cyan")
    table.add_column("PICTURE", no_wrap=True)
    for column in ("STATE", *SHOWN_STAGES[1:]):
        table.add_column(column, justify="right")
    for job in sorted(jobs, key=lambda job: job.object or ""):
        stages = {name: moment for name, moment in job.stages.items() if name in SHOWN_STAGES}
        took = {name: f"{seconds * 1000:.0f}" for name, seconds in steps(stages)}
        picture = (job.object or "").rpartition("/")[2]
        table.add_row(picture, job.state or job.status, *(took.get(stage, "") for stage in SHOWN_STAGES[1:]))
    return table


async def print_text(platform: Client, job: Job, *, keys: StoreKeys) -> None:
    """Print the first lines found in one picture, and the objects that were published."""
    for output in job.outputs:
        if not output.key.endswith(".txt"):
            continue
        content = io.BytesIO()
        await platform.files.get(Place(keys, output.bucket, output.key), content)
        lines = content.getvalue().decode().splitlines()
        more = f"    … and {len(lines) - LINES_SHOWN} more" if len(lines) > LINES_SHOWN else ""
        out.print(f"[bold]{job.object}[/bold] → {output.bucket}/{output.key}:", soft_wrap=True)
        out.print("\n".join(f"    {line}" for line in lines[:LINES_SHOWN]), markup=False, soft_wrap=True)
        if more:
            out.print(more, style="dim")


async def fan_out(folder: StateFolder) -> None:
    """Put one radar frame into the bucket and wait for all services that listen to it."""
    names = services_of(EXAMPLES / "fanout" / "fanout.yaml")
    place = f"radar/in/{FRAME.name}"
    async with Client(connection(Wish(state=folder.path))) as platform:
        after = {name: await newest_job(platform, name) for name in names}
        await platform.files.put(FRAME, at((await platform.system.config()).minio_provider, place))
        waits = [ended(platform, name, [place], after=after[name], show=unseen) for name in names]
        results = dict(zip(names, await asyncio.gather(*waits), strict=True))
        table = Table(box=box.SIMPLE_HEAD, header_style="bold cyan")
        for column in ("SERVICE", "STATE", "STORED TO PUBLISHED", "RESULT"):
            table.add_column(column)
        for name, jobs in results.items():
            check(jobs)
            for job, summary in jobs.items():
                outputs = (await platform.jobs.get(name, job)).outputs
                places = f"{outputs[0].bucket}/{outputs[0].key}" if outputs else ""
                more = f" (and {len(outputs) - 1} more)" if len(outputs) > 1 else ""
                total = sum(seconds for _, seconds in steps(summary.stages))
                table.add_row(name, summary.state, f"{total * 1000:.0f} ms", places + more)
        out.print(table)


def unseen(jobs: Mapping[str, JobSummary]) -> None:
    """Nobody looks: these are over at once."""
    del jobs


def check(jobs: Mapping[str, JobSummary]) -> None:
    """Raise `CommandError` when a job failed."""
    failures = [failure(name, job) for name, job in jobs.items() if job.failed]
    if failures:
        raise CommandError("; ".join(failures))


def at(keys: StoreKeys, place: str) -> Place:
    """A place of the platform's own store."""
    bucket, _, key = place.partition("/")
    return Place(keys, bucket, key)


def free_port() -> int:
    """The usual port, or another one where that is taken."""
    for port in (USUAL_PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise CommandError("no free port was found on 127.0.0.1")


def shown(path: Path) -> str:
    """A path as one would type it here: relative where it lies beneath this folder."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def heading(text: str, remark: str) -> None:
    """A line that says what comes next."""
    out.print(f"\n[bold cyan]{text}[/bold cyan] [dim]({remark})[/dim]")


def say_how_to_go_on(folder: StateFolder) -> None:
    """Commands to type next, and how to end it."""
    state = f"--state {shown(folder.path)}"
    heading("The platform goes on running", "how to go on:")
    for command, meaning in (
        ("service put-file ocr PICTURE --wait", "read a picture of your own"),
        ("service list-files ocr", "see what went in and came out"),
        ("service get-file ocr ocr/out/page.txt -", "print a result"),
        ("service logs list ocr", "all jobs of a service"),
        ("service logs get ocr --latest", "what the newest one said"),
        ("status", "how the platform is"),
        ("down", "end it; its state stays"),
    ):
        out.print(f"  {program()} {command} {state}", soft_wrap=True)
        out.print(f"      {meaning}", style="dim")


if __name__ == "__main__":
    sys.exit(main())
