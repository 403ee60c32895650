#!/bin/sh
# The water of one such hour, in cubic metres: 1 mm on 1 km2 is 1,000 m3.
out="$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH" .csv).volume.json"
awk -F, '/^#/ { next } { for (i = 1; i <= NF; i++) sum += $i }
  END { printf "{\"m3_per_hour\": %.0f}\n", sum * 1000 }' "$INPUT_FILE_PATH" > "$out"
