"""Draws a query and the cases that were found for it, for people to judge a search by eye."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont, ImageOps

TILE, GAP, LINE = 240, 16, 20
"""Side of a picture, space around it, height of a line of text, in pixels."""
LINES = 5
"""Lines of text below a picture."""
ROW = 4
"""Pictures in a row."""
INK, PALE, PAPER = "#1c1c1c", "#6a6a6a", "#ffffff"
FONT_SIZE = 15


@dataclass(frozen=True, slots=True)
class Tile:
    """A picture and what is written below it.

    Attributes:
        picture: Upright RGB pixels of any size.
        title: The first line.
        text: The other lines, broken where they are too long and cut where they are too many.
    """

    picture: Image.Image
    title: str
    text: str


def draw_sheet(query: Tile, cases: Sequence[Tile]) -> bytes:
    """Draws the query alone on the left and the cases beside it, in their order, as PNG."""
    rows = -(-len(cases) // ROW) or 1
    column, height = TILE + GAP, TILE + LINES * LINE + 2 * GAP
    width = column * (1 + min(len(cases), ROW)) + 2 * GAP
    sheet = Image.new("RGB", (width, rows * height + GAP), PAPER)
    pen = ImageDraw.Draw(sheet)
    _draw(sheet, pen, query, GAP, GAP)
    if cases:
        line = GAP + column
        pen.line((line, GAP, line, sheet.height - GAP), fill=PALE)
    for number, case in enumerate(cases):
        left = 2 * GAP + column * (1 + number % ROW)
        _draw(sheet, pen, case, left, GAP + height * (number // ROW))
    buffer = BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()


def _draw(sheet: Image.Image, pen: ImageDraw.ImageDraw, tile: Tile, left: int, top: int) -> None:
    picture = ImageOps.contain(tile.picture, (TILE, TILE))
    sheet.paste(picture, (left + (TILE - picture.width) // 2, top + (TILE - picture.height) // 2))
    font = ImageFont.load_default(FONT_SIZE)
    lines = [*_broken(pen, font, tile.title)[:2]]
    body = _broken(pen, font, tile.text)
    room = LINES - len(lines)
    if len(body) > room:
        body = [*body[: room - 1], body[room - 1] + " …"]
    for number, line in enumerate([*lines, *body]):
        at = (left, top + TILE + 6 + number * LINE)
        pen.text(at, line, fill=INK if number < len(lines) else PALE, font=font)


def _broken(
    pen: ImageDraw.ImageDraw, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, text: str
) -> list[str]:
    """The text in lines that fit under a picture; a word too long for one is cut in pieces."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if pen.textlength(longer, font) <= TILE:
                line = longer
                continue
            lines += [line] if line else []
            while pen.textlength(word, font) > TILE:
                cut = next(
                    n for n in range(len(word), 0, -1) if pen.textlength(word[:n], font) <= TILE
                )
                lines.append(word[:cut])
                word = word[cut:]
            line = word
        lines.append(line)
    return lines
