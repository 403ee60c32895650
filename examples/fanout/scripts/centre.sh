#!/bin/sh
# The centre of all rain, weighted by its amount: followed from frame to frame it is the motion.
exec python3 - <<'PY'
import csv, json, os
from pathlib import Path

source = Path(os.environ["INPUT_FILE_PATH"])
lines = [line for line in source.read_text().splitlines() if not line.startswith("#")]
grid = [[float(value) for value in row] for row in csv.reader(lines)]
total = sum(map(sum, grid)) or 1.0
row = sum(y * sum(values) for y, values in enumerate(grid, 1)) / total
column = sum(x * value for values in grid for x, value in enumerate(values, 1)) / total
out = Path(os.environ["TMP_OUTPUT_DIR"]) / f"{source.stem}.centre.json"
out.write_text(json.dumps({"row": round(row, 2), "column": round(column, 2)}) + "\n")
PY
