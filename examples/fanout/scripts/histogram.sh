#!/bin/sh
# How many cells fall into each class of rain.
out="$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH" .csv).histogram.csv"
{
  echo "class_mm_h,cells"
  grep -v '^#' "$INPUT_FILE_PATH" | tr ',' '\n' | awk '
    { class = ($1 < 0.1) ? "dry" : ($1 < 2.5) ? "light" : ($1 < 10) ? "moderate" : ($1 < 50) ? "heavy" : "violent"; n[class]++ }
    END { split("dry light moderate heavy violent", order, " "); for (i = 1; i <= 5; i++) print order[i] "," n[order[i]] + 0 }'
} > "$out"
