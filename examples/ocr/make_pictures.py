"""Draws the example pictures of this folder: pages, signs, receipts as a telephone would photograph them.

They were made for this project, so nobody else's rights lie on them. Run it only to change them; it needs Pillow, NumPy
and the fonts of Debian's packages `fonts-dejavu-core` and `fonts-noto-cjk`:

    python make_pictures.py [--fonts FOLDER] [--out pictures]
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

Colour = tuple[int, int, int]
Corner = tuple[float, float]
INK: Colour = (32, 30, 34)


@dataclass(frozen=True)
class Fonts:
    """Finds a font file by name anywhere beneath one folder."""

    folder: Path

    def get(self, name: str, size: int, *, index: int = 0) -> ImageFont.FreeTypeFont:
        """The font `name` at `size` pixels. `index` picks a face (Noto CJK: 0 Japanese, 2 simplified Chinese)."""
        found = next(iter(sorted(self.folder.rglob(name))), None)
        if found is None:
            raise SystemExit(f"no {name} beneath {self.folder}: install fonts-dejavu-core and fonts-noto-cjk")
        return ImageFont.truetype(str(found), size, index=index)


def sheet(size: tuple[int, int], colour: Colour) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """An empty sheet and the pen for it."""
    image = Image.new("RGB", size, colour)
    return image, ImageDraw.Draw(image)


def perspective(image: Image.Image, corners: list[Corner], *, size: tuple[int, int], table: Colour) -> Image.Image:
    """Lay the sheet on a table so that its corners (clockwise from top left) come to lie at `corners`."""
    width, height = image.size
    rows: list[list[float]] = []
    wanted: list[float] = []
    for (x, y), (u, v) in zip(corners, [(0, 0), (width, 0), (width, height), (0, height)], strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    coefficients = [float(c) for c in np.linalg.solve(np.array(rows), np.array(wanted))]
    how = {"method": Image.Transform.PERSPECTIVE, "data": coefficients, "resample": Image.Resampling.BICUBIC}
    mask = Image.new("L", image.size, 255).transform(size, **how)
    return Image.composite(image.transform(size, **how), Image.new("RGB", size, table), mask)


def photographed(image: Image.Image, *, light: Corner, grain: int, blur: float) -> Image.Image:
    """Light from one side (as fractions of width and height), grain of the sensor, a lens a little out of focus."""
    width, height = image.size
    glow = ImageChops.invert(Image.radial_gradient("L")).resize((width * 3, height * 3))
    left, top = int(width * (1.5 - light[0])), int(height * (1.5 - light[1]))
    shade = glow.crop((left, top, left + width, top + height)).point(lambda v: int(120 + v * 135 / 255))
    lit = ImageChops.multiply(image, Image.merge("RGB", [shade] * 3))
    random = np.random.default_rng(7)
    noisy = np.asarray(lit, dtype=np.int16) + random.normal(0, grain, (height, width, 1)).astype(np.int16)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(blur))


def page(fonts: Fonts) -> Image.Image:
    """A printed English page, scanned nearly straight."""
    image, pen = sheet((1000, 1300), (250, 248, 242))
    pen.text((90, 90), "The Tide Tables", font=fonts.get("DejaVuSerif-Bold.ttf", 54), fill=INK)
    pen.text(
        (90, 165), "Observations of the harbour office, 1923-1926", font=fonts.get("DejaVuSerif.ttf", 26), fill=INK
    )
    text = """The gauge stands at the end of the old mole,
eleven metres from the lamp. Every quarter of
an hour the keeper reads the float and writes
its height into the book, in centimetres above
the mark that was cut in 1871.

On the night of 14 November the water rose to
412 cm, which is 37 cm above any height written
before. The wind stood at north-west, force 9,
and the barometer had fallen to 968 hPa.

Station      Mean     Highest   Lowest
Old mole     183      412       -12
Lighthouse   179      405       -18
River gate   201      431        34"""
    body = fonts.get("DejaVuSerif.ttf", 31)
    for number, line in enumerate(text.splitlines()):
        font = fonts.get("DejaVuSansMono.ttf", 29) if number > 10 else body
        pen.text((90, 250 + number * 56), line, font=font, fill=INK)
    pen.text((480, 1215), "- 27 -", font=body, fill=INK)
    laid = image.rotate(0.8, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=(120, 116, 110))
    return photographed(laid, light=(0.4, 0.3), grain=5, blur=0.6)


def sign(fonts: Fonts) -> Image.Image:
    """Two road signs seen from the side."""
    image, pen = sheet((900, 560), (20, 78, 140))
    pen.rounded_rectangle((14, 14, 886, 546), 28, outline=(255, 255, 255), width=8)
    big, small = fonts.get("DejaVuSans-Bold.ttf", 84), fonts.get("DejaVuSans-Bold.ttf", 54)
    white = (255, 255, 255)
    pen.text((70, 60), "Observatory", font=big, fill=white)
    pen.text((70, 180), "Weather radar  3.5 km", font=small, fill=white)
    pen.text((70, 280), "Botanical garden", font=small, fill=white)
    pen.rectangle((60, 390, 840, 500), fill=(250, 205, 40))
    pen.text((90, 412), "ROAD CLOSED 22:00-05:30", font=fonts.get("DejaVuSans-Bold.ttf", 45), fill=INK)
    laid = perspective(image, [(110, 150), (1060, 60), (1100, 760), (80, 640)], size=(1200, 850), table=(150, 178, 196))
    return photographed(laid, light=(0.8, 0.2), grain=6, blur=0.8)


def receipt(fonts: Fonts) -> Image.Image:
    """A till receipt, crooked on a dark table."""
    image, pen = sheet((560, 980), (246, 244, 238))
    font, bold = fonts.get("DejaVuSansMono.ttf", 28), fonts.get("DejaVuSansMono-Bold.ttf", 34)
    pen.text((90, 40), "HARBOUR GROCERY", font=bold, fill=INK)
    text = """12 Mole Street   Tel 555 0142
--------------------------
Apples  1.240 kg      3.10
Rye bread             4.25
Oat milk  2 x 1.95    3.90
Coffee beans         11.80
Postcards  3 x 0.90   2.70
--------------------------
SUBTOTAL             25.75
VAT 8 %               2.06
TOTAL EUR            27.81

CARD **** **** **** 4417
2026-03-14 17:42  Till 3
Receipt no. 000918

THANK YOU, COME AGAIN"""
    for number, line in enumerate(text.splitlines()):
        heavy = line.startswith("TOTAL")
        pen.text((48, 110 + number * 48), line, font=font, fill=INK, stroke_width=1 if heavy else 0, stroke_fill=INK)
    laid = perspective(image, [(210, 70), (760, 150), (690, 1130), (130, 1010)], size=(900, 1200), table=(66, 48, 38))
    return photographed(laid, light=(0.3, 0.4), grain=8, blur=0.7)


def notice(fonts: Fonts) -> Image.Image:
    """A notice in simplified Chinese with a little English."""
    image, pen = sheet((900, 620), (253, 250, 240))
    red = (176, 24, 30)
    pen.rectangle((24, 24, 876, 596), outline=red, width=10)
    pen.text((210, 60), "图书馆开放时间", font=fonts.get("NotoSansCJK-Bold.ttc", 70, index=2), fill=red)
    font = fonts.get("NotoSansCJK-Regular.ttc", 46, index=2)
    lines = ["星期一至星期五  8:30 - 21:00", "星期六  10:00 - 18:00", "星期日休息", "请保持安静，谢谢合作"]  # noqa: RUF001  # Chinese has its own comma
    for number, line in enumerate(lines):
        pen.text((90, 190 + number * 76), line, font=font, fill=INK)
    pen.text((90, 510), "LIBRARY OPENING HOURS", font=fonts.get("DejaVuSans-Bold.ttf", 40), fill=red)
    laid = perspective(image, [(70, 110), (1010, 50), (1040, 720), (100, 780)], size=(1120, 840), table=(116, 128, 112))
    return photographed(laid, light=(0.5, 0.8), grain=7, blur=0.8)


def postcard(fonts: Fonts) -> Image.Image:
    """A postcard in French, German and Spanish: Latin letters with accents."""
    image, pen = sheet((1100, 640), (244, 236, 216))
    font, bold = fonts.get("DejaVuSerif.ttf", 36), fonts.get("DejaVuSerif-Bold.ttf", 44)
    pen.text((60, 50), "Grüße vom Leuchtturm", font=bold, fill=(40, 60, 110))
    text = """La mer était très calme hier soir,
et le phare s'allumait à 20 h 45.
Morgen fahren wir über die Brücke
nach Süden, wenn das Wetter hält.
El año próximo volveremos en junio.
¡Hasta pronto!  Zoé & Jürgen"""
    for number, line in enumerate(text.splitlines()):
        pen.text((60, 150 + number * 72), line, font=font, fill=(40, 44, 66))
    laid = image.rotate(-4, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=(142, 104, 72))
    return photographed(laid, light=(0.6, 0.3), grain=5, blur=0.6)


def label(fonts: Fonts) -> Image.Image:
    """The label of a tea tin in Japanese."""
    image, pen = sheet((760, 760), (226, 236, 214))
    green = (28, 84, 48)
    pen.ellipse((30, 30, 730, 730), outline=green, width=12)
    pen.text((200, 110), "深蒸し煎茶", font=fonts.get("NotoSansCJK-Bold.ttc", 74), fill=green)
    font = fonts.get("NotoSansCJK-Regular.ttc", 42)
    lines = ["静岡県産　内容量 100g", "お湯の温度は70度", "抽出時間は1分です", "賞味期限 2027.04.30"]
    for number, line in enumerate(lines):
        pen.text((150, 260 + number * 78), line, font=font, fill=INK)
    pen.text((250, 600), "GREEN TEA", font=fonts.get("DejaVuSans-Bold.ttf", 44), fill=green)
    laid = perspective(image, [(120, 60), (900, 110), (850, 840), (80, 900)], size=(980, 960), table=(92, 70, 60))
    return photographed(laid, light=(0.7, 0.6), grain=7, blur=0.7)


PICTURES: dict[str, Callable[[Fonts], Image.Image]] = {
    "page.jpg": page,
    "road-signs.jpg": sign,
    "receipt.jpg": receipt,
    "notice-zh.jpg": notice,
    "postcard.jpg": postcard,
    "label-ja.jpg": label,
}


def main() -> None:
    """Draw all pictures into the folder asked for."""
    parser = argparse.ArgumentParser(description="Draw the example pictures.")
    parser.add_argument("--fonts", type=Path, default=Path("/usr/share/fonts"), help="folder searched for the fonts")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "pictures", help="folder they are put into")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        draw(Fonts(arguments.fonts)).save(arguments.out / name, quality=80, optimize=True)


if __name__ == "__main__":
    main()
