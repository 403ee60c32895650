#!/bin/sh
# The next half hour, each five minutes: the frame moved on with the usual wind (3 columns to the right a step).
exec python3 - <<'PY'
import csv, os
from pathlib import Path

STEPS, COLUMNS_A_STEP = 6, 3
source = Path(os.environ["INPUT_FILE_PATH"])
lines = [line for line in source.read_text().splitlines() if not line.startswith("#")]
grid = list(csv.reader(lines))
for step in range(1, STEPS + 1):
    shift = step * COLUMNS_A_STEP
    out = Path(os.environ["TMP_OUTPUT_DIR"]) / f"{source.stem}.plus{step * 5:02d}.csv"
    with out.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(["0"] * shift + row[: len(row) - shift] for row in grid)
PY
