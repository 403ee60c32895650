"""The shape of a sealed folder: what one run left behind, out of its script's reach. Paths only, no I/O.

    <folder>/out/…     what stood in the output folder
    <folder>/stdout    of a call: what the script wrote there (cut at a limit)
    <folder>/stderr    of a call: the same

Each part may be missing when there was nothing to keep. Files in `out` are regular, their names UTF-8.
"""

from dataclasses import dataclass
from pathlib import Path

OUT = "out"
STREAMS = ("stdout", "stderr")


@dataclass(frozen=True, slots=True)
class SealedFolder:
    """Where the parts of one sealed folder lie."""

    path: Path

    @property
    def out(self) -> Path:
        return self.path / OUT

    def stream(self, name: str) -> Path:
        """The file that holds what a call's script wrote to `name`, one of `STREAMS`."""
        if name not in STREAMS:
            raise ValueError(f"{name!r} is neither stdout nor stderr")
        return self.path / name
