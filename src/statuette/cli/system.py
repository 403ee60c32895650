"""`status`, `doctor`, `version`: how the platform is, what this machine lacks, which release this is."""

import json
import subprocess
from typing import Any

import typer

import statuette
from statuette.cli.connections import StateOption, connected, state_folder
from statuette.cli.errors import CommandError
from statuette.cli.output import Format, FormatOption, as_json, console, messages, table
from statuette.cli.output import size as readable_size
from statuette.cli.processes import manager_command, need_server
from statuette.cli.services import AnyServiceArgument
from statuette.client import Client

COUNTS = ("queued", "waiting", "running", "unpublished", "failed", "dead")
"""What is counted for each service; the last two are dead letters."""
DOCTOR_TIME = 60.0  # seconds


@connected
async def status(platform: Client, *, output: FormatOption = Format.TABLE) -> None:
    """Show how the platform is: machine, store, runners, backlog, services."""
    answer = await platform.system.status()
    if output is Format.JSON:
        as_json(answer.plain())
        return
    info = await platform.system.info()
    own = answer.statuette
    console().print(f"statuette {info.version} at {platform.endpoint}", soft_wrap=True)
    table(["WHAT", "HOW"], facts(own))
    rows = service_rows(own)
    if rows:
        table(["SERVICE", "STATE", *(kind.upper() for kind in COUNTS), "DETAIL"], rows)


@connected
async def sweep(
    platform: Client,
    service: AnyServiceArgument = None,
    *,
    output: FormatOption = Format.TABLE,
) -> None:
    """Look for objects that no notification brought, in the inputs of a service or of all, and have them processed."""
    with messages().status("sweeping"):
        swept = await platform.system.sweep(service)
    if output is Format.JSON:
        as_json(swept.plain())
    else:
        typer.echo(f"{swept.listed} objects looked at, {swept.recovered} found that had been missed")
    if swept.failed:
        raise CommandError(f"{swept.failed} inputs could not be swept; the log of the platform says why")


def facts(own: dict[str, Any]) -> list[list[str]]:
    """The platform's own facts, a line each; nested ones as `name.field`."""
    lines: list[list[str]] = []
    for name, value in own.items():
        if name in ("services", "backlog") or value is None:
            continue
        if isinstance(value, dict):
            lines += [
                [f"{name}.{field}", fact(field, inner)]
                for field, inner in value.items()
                if inner is not None and (name, field) != ("dead_letters", "services")  # these have their table
            ]
        else:
            lines.append([name, fact(name, value)])
    return lines


def fact(name: str, value: object) -> str:
    """One fact in words: bytes and seconds readable, lists joined."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)) and ("bytes" in name or name in ("free", "total", "used")):
        return readable_size(value)
    if isinstance(value, (int, float)) and ("uptime" in name or name.endswith("seconds")):
        return f"{value:.0f} s"
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return str(len(value))  # -o json has them all
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)


def service_rows(own: dict[str, Any]) -> list[list[str]]:
    """A line per service: its state and how much work waits for it."""
    services, backlog = own.get("services") or {}, own.get("backlog") or {}
    letters = (own.get("dead_letters") or {}).get("services") or {}
    rows = []
    for name in sorted({*services, *backlog, *letters}):
        state, waiting = services.get(name) or {}, (backlog.get(name) or {}) | (letters.get(name) or {})
        counts = [str(waiting.get(kind, 0)) for kind in COUNTS]
        rows.append([name, str(state.get("state", "")), *counts, str(state.get("detail") or "")])
    return rows


def doctor(*, state: StateOption = None, output: FormatOption = Format.TABLE) -> None:
    """Look at what the platform needs on this machine and say how to get what is missing."""
    need_server()
    findings = examine(manager_command(state_folder(state), ["--doctor"]))
    if output is Format.JSON:
        as_json(findings)
    else:
        table(["WHAT", "", "FOUND", "TO DO"], [finding_row(finding) for finding in findings])
    if any(finding.get("ok") is False and finding.get("needed", True) for finding in findings):
        raise typer.Exit(1)


def examine(command: list[str]) -> list[dict[str, Any]]:
    """Run the server's own examination. Raises `CommandError` when it does not end with its list."""
    try:
        ran = subprocess.run(command, capture_output=True, timeout=DOCTOR_TIME, check=False)
        findings = json.loads(ran.stdout)
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"the examination took longer than {DOCTOR_TIME:.0f} s") from error
    except ValueError as error:
        words = ran.stderr.decode(errors="replace").strip().splitlines()
        raise CommandError(
            f"the examination failed: {words[-1] if words else f'exit code {ran.returncode}'}"
        ) from error
    return [finding for finding in findings if isinstance(finding, dict)]


def finding_row(finding: dict[str, Any]) -> list[str]:
    """A finding as a line: ok, missing (needed), or less (works without, but not as well)."""
    mark = {True: "ok", False: "missing"}.get(finding.get("ok"), "less")  # type: ignore[arg-type]
    return [str(finding.get("name", "")), mark, str(finding.get("words") or ""), str(finding.get("fix") or "")]


def version(*, output: FormatOption = Format.TABLE) -> None:
    """Print the version of this program."""
    if output is Format.JSON:
        as_json({"version": statuette.__version__})
    else:
        typer.echo(statuette.__version__)
