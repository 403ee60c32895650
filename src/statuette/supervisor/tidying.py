"""Sealed folders that nobody needs any more: a crash between seal and commit leaves one, and its job may never run
again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from statuette.ports.errors import Unavailable
from statuette.supervisor.folders import remove_tree

logger = logging.getLogger(__name__)


async def tidy(sealed_root: Path, *, needed: Callable[[str], Awaitable[bool]]) -> int:
    """Remove every sealed folder that is not needed, while no attempt is under way here; returns how many.

    `needed` says of a folder's name whether an upload may yet be gone on with from it. What cannot be asked or removed
    now is left for the next time.
    """
    removed = 0
    for folder in await asyncio.to_thread(lambda: sorted(sealed_root.iterdir())):
        try:
            if await needed(folder.name):
                continue
            await asyncio.to_thread(remove_tree, folder)
            removed += 1
        except (Unavailable, OSError) as error:
            logger.warning("a sealed folder stays: %s", error, extra={"action": "tidy", "folder": folder.name})
    if removed:
        logger.info("sealed folders left behind were removed", extra={"action": "tidy", "folders": removed})
    return removed
