#!/bin/sh
# One picture in, three files out: NAME.txt (the lines), NAME.json (boxes and scores), NAME.boxes.jpg (the picture with the boxes).
set -e
export OMP_NUM_THREADS=1
exec python3 - <<'PY'
import json
import os
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps, UnidentifiedImageError
from rapidocr import RapidOCR

picture = Path(os.environ["INPUT_FILE_PATH"])
out = Path(os.environ["TMP_OUTPUT_DIR"])
try:
    image = ImageOps.exif_transpose(Image.open(picture)).convert("RGB")
except (UnidentifiedImageError, OSError) as error:
    sys.exit(f"{picture.name} is no picture that can be read: {error}")

# One thread: the service is given one core, and threads beyond it only wait for each other.
one = "EngineConfig.onnxruntime.{}_op_num_threads"
read = RapidOCR(params={"Global.log_level": "warning", one.format("intra"): 1, one.format("inter"): 1})
found = read(image)
lines = [
    {"text": text, "score": round(float(score), 4), "box": [[round(float(x), 1), round(float(y), 1)] for x, y in box]}
    for text, score, box in zip(
        () if found.txts is None else found.txts,
        () if found.scores is None else found.scores,
        () if found.boxes is None else found.boxes,
    )
]

(out / f"{picture.stem}.txt").write_text("".join(line["text"] + "\n" for line in lines), encoding="utf-8")
answer = {"picture": picture.name, "width": image.width, "height": image.height, "lines": lines}
(out / f"{picture.stem}.json").write_text(json.dumps(answer, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
pen = ImageDraw.Draw(image)
for line in lines:
    pen.polygon([tuple(corner) for corner in line["box"]], outline=(220, 20, 60), width=3)
image.save(out / f"{picture.stem}.boxes.jpg", quality=80)
print(f"{picture.name}: {len(lines)} lines of text")
PY
