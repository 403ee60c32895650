"""Draws the example radar frames: rain cells that move over a grid, one frame every five minutes, all made up.

A frame is a CSV file: a line of facts beginning with `#`, then 60 rows of 80 cells in mm/h.

    python make_frames.py [--out frames]
"""

import argparse
import math
import random
from pathlib import Path

ROWS, COLUMNS, FRAMES = 60, 80, 4
# Each cell: row, column, rows and columns it moves per frame, width in cells, mm/h in its middle.
CELLS = [(18.0, 12.0, 1.0, 3.5, 5.0, 34.0), (40.0, 30.0, -0.5, 3.0, 9.0, 9.0), (30.0, 52.0, 0.5, 3.2, 3.0, 61.0)]


def rain(row: int, column: int, *, frame: int) -> float:
    """The rain at one grid cell, in mm/h."""
    total = 0.0
    for top, left, down, right, width, peak in CELLS:
        distance = math.hypot(row - top - down * frame, column - left - right * frame)
        total += peak * math.exp(-((distance / width) ** 2))
    return total


def frame_text(frame: int) -> str:
    """One frame as CSV; what is below 0.1 mm/h counts as dry, as on a real radar."""
    noise = random.Random(frame)  # noqa: S311  # the same frames every time
    lines = [f"# time=2026-06-01T12:{frame * 5:02d}:00Z, unit=mm/h, cell=1km, minutes={frame * 5}"]
    for row in range(ROWS):
        values = [rain(row, column, frame=frame) * noise.uniform(0.85, 1.15) for column in range(COLUMNS)]
        lines.append(",".join("0" if value < 0.1 else f"{value:.1f}" for value in values))
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write all frames into the folder asked for."""
    parser = argparse.ArgumentParser(description="Draw the example radar frames.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "frames", help="folder they are put into")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for frame in range(FRAMES):
        (out / f"radar-12{frame * 5:02d}.csv").write_text(frame_text(frame), encoding="utf-8")


if __name__ == "__main__":
    main()
