#!/bin/sh
# How many square kilometres lie above each of four thresholds.
out="$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH" .csv).area.json"
awk -F, '/^#/ { next }
  { for (i = 1; i <= NF; i++) { a += $i >= 0.1; b += $i >= 1; c += $i >= 10; d += $i >= 30 } }
  END { printf "{\"km2_over\": {\"0.1\": %d, \"1\": %d, \"10\": %d, \"30\": %d}}\n", a, b, c, d }' "$INPUT_FILE_PATH" > "$out"
