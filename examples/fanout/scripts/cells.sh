#!/bin/sh
# The rain cells: connected areas of 10 mm/h and more, the largest first.
exec python3 - <<'PY'
import csv, json, os
from pathlib import Path

source = Path(os.environ["INPUT_FILE_PATH"])
lines = [line for line in source.read_text().splitlines() if not line.startswith("#")]
grid = [[float(value) for value in row] for row in csv.reader(lines)]
left = {(y, x) for y, row in enumerate(grid) for x, value in enumerate(row) if value >= 10}
cells = []
while left:
    todo, cell = [left.pop()], []
    while todo:
        y, x = todo.pop()
        cell.append((y, x))
        for near in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
            if near in left:
                left.remove(near)
                todo.append(near)
    cells.append({"km2": len(cell), "peak_mm_h": max(grid[y][x] for y, x in cell)})
cells.sort(key=lambda cell: -cell["km2"])
out = Path(os.environ["TMP_OUTPUT_DIR"]) / f"{source.stem}.cells.json"
out.write_text(json.dumps({"cells": cells}) + "\n")
PY
