#!/bin/sh
# The mean rain over the whole grid.
out="$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH" .csv).mean.json"
awk -F, '/^#/ { next } { for (i = 1; i <= NF; i++) { sum += $i; cells++ } }
  END { printf "{\"mean_mm_h\": %.3f, \"cells\": %d}\n", sum / cells, cells }' "$INPUT_FILE_PATH" > "$out"
