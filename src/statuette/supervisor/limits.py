"""How much one piece of work may take and leave behind."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one run; sizes in bytes, times in seconds.

    `entries` counts files, folders and whatever else stands in the output folder; `depth` is how many folders deep
    it may go.
    `total` is the sum of the output's sizes. `words` bounds each of a call's stdout and stderr (more is cut).
    `reserve` is what must stay free on the disk after an input was staged in. `uploads` run at once. `patience` is
    how long the platform may be out of reach before a commit or a last word is given up (the lease has run out by
    then, so the job is taken up again).
    """

    entries: int = 10_000
    depth: int = 32
    total: int = 64 * 1024**3
    words: int = 16 * 1024**2
    reserve: int = 64 * 1024**2
    uploads: int = 4
    patience: float = 60.0
    ahead: int = 8
    ahead_bytes: int = 64 * 1024**2
    finishing: int = 8
    waiting: float = 1.0
