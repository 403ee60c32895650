#!/bin/sh
# The heaviest rain and where it falls.
out="$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH" .csv).peak.json"
awk -F, '/^#/ { next }
  { row++; for (i = 1; i <= NF; i++) if ($i + 0 > most) { most = $i + 0; at_row = row; at_column = i } }
  END { printf "{\"peak_mm_h\": %.1f, \"row\": %d, \"column\": %d}\n", most, at_row, at_column }' "$INPUT_FILE_PATH" > "$out"
