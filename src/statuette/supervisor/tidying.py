"""Sealed folders of an earlier life of this manager: kept while their upload is still to be made, removed otherwise.

Where several managers work, a job may have been run again elsewhere while this one was away; then nothing that was
sealed here counts any more.
"""

import asyncio
import logging
from pathlib import Path

from statuette.events.jobs import FINAL
from statuette.ports.jobs import JobLedger
from statuette.supervisor.folders import remove_tree

logger = logging.getLogger(__name__)


async def tidy(sealed_root: Path, jobs: JobLedger) -> None:
    """Remove what nobody needs; once, before work is taken on. Raises `LedgerUnavailable`."""
    for folder in await asyncio.to_thread(_folders, sealed_root):
        if not await _counts(folder.name, jobs):
            try:
                await asyncio.to_thread(remove_tree, folder)
            except OSError as error:
                logger.warning("a sealed folder stays: %s", error.strerror, extra={"action": "tidy"})


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []


async def _counts(name: str, jobs: JobLedger) -> bool:
    """Whether the commit that counts is to be published from this folder. Calls did not outlive their manager."""
    job, _, attempt = name.rpartition("-")
    if not attempt.isdigit():
        return False
    found = await jobs.get(job)
    if found is None or found.state in FINAL or not found.generation:
        return False
    _, commit = await jobs.history(job)
    return commit is not None and commit.manifest.sealed == name
