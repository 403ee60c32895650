"""The shape of a call's sealed folder: what its run left behind, out of the script's reach. Paths only, no I/O.

    <folder>/out/…     what stood in the output folder: regular files are answers, whatever else is in it is not
    <folder>/stdout    what the script wrote there (cut at a limit)
    <folder>/stderr    the same

Each part is missing when there was nothing to keep. Whoever reads opens files without following links.
"""

from dataclasses import dataclass
from pathlib import Path

OUT = "out"
STREAMS = ("stdout", "stderr")


@dataclass(frozen=True, slots=True)
class SealedFolder:
    """Where the parts of one call's sealed folder lie."""

    path: Path

    @property
    def out(self) -> Path:
        return self.path / OUT

    def stream(self, name: str) -> Path:
        """The file that holds what the script wrote to `name`, one of `STREAMS`."""
        if name not in STREAMS:
            raise ValueError(f"{name!r} is neither stdout nor stderr")
        return self.path / name
