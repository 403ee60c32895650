"""The figures as a section of a Markdown page between two markers, and as JSON beside it."""

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import statuette
from statuette.torture.figures import Figures, rows
from statuette.torture.options import Options

BEGIN, END = "<!-- torture: begin -->", "<!-- torture: end -->"


class NoPlace(Exception):
    """The page has no markers between which the figures could go."""


def machine() -> dict[str, Any]:
    """Where it was measured."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
    }


def section(options: Options, figures: Sequence[Figures]) -> str:
    """The Markdown between the markers."""
    here = machine()
    where = f"{here['cores']} cores, {here['memory_gib']} GiB, {here['system']}, Python {here['python']}"
    what = f"statuette {statuette.__version__}, {datetime.now(UTC):%Y-%m-%d}, seed {options.seed}"
    lines = [
        f"{what}, {options.minutes:g} minutes of fire; {where}.",
        "",
        f"| | {' | '.join(f'{one.store} store' for one in figures)} |",
        f"| --- |{' ---: |' * len(figures)}",
        *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows(figures)),
    ]
    left_out = sorted({reason for one in figures for reason in one.not_done})
    lines += ["", *(f"Not done: {reason}." for reason in left_out)] if left_out else []
    return "\n".join(lines)


def write(page: Path, options: Options, figures: Sequence[Figures]) -> None:
    """Put the section into the page and the JSON beside it. Raises `NoPlace`, `OSError`."""
    text = page.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise NoPlace(f"{page} has no {BEGIN} … {END}")
    page.write_text(f"{before}{BEGIN}\n{section(options, figures)}\n{END}{after}")
    page.with_suffix(".json").write_text(json.dumps(plain(options, figures), indent=1, ensure_ascii=False) + "\n")


def plain(options: Options, figures: Sequence[Figures]) -> dict[str, Any]:
    """Everything, for machines."""
    return {
        "version": statuette.__version__,
        "seed": options.seed,
        "minutes": options.minutes,
        "machine": machine(),
        "platforms": [_plain(one) for one in figures],
    }


def _plain(one: Figures) -> dict[str, Any]:
    return {
        "store": one.store,
        "supposed_to_be_zero": dict(one.counts()),
        "wrong": one.wrong()[:100],
        "files": one.files,
        "upload_failures": one.upload_failures,
        "jobs": one.jobs,
        "superseded": one.superseded,
        "unseen": one.verdict.unseen,
        "recovered": one.recovered,
        "delivered": {f"{kind}: {part}": count for (kind, part), count in sorted(one.delivered.items())},
        "restarts": one.restarts,
        "refused_starts": one.refused,
        "faults_told": dict(one.faults_told),
        "worst_gap_seconds": round(one.worst_gap, 1),
        "fire_seconds": round(one.seconds, 1),
        "settling_seconds": round(one.settling, 1),
        "not_done": one.not_done,
    }
