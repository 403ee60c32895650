#!/bin/sh
name=$(cat "$INPUT_FILE_PATH")
echo "Hello, $name!" > "$TMP_OUTPUT_DIR/$(basename "$INPUT_FILE_PATH")"
