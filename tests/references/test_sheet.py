"""The sheet holds the query and every case, whatever their size and words."""

from io import BytesIO

from PIL import Image

from hikari_serve.references.sheet import GAP, TILE, Tile, draw_sheet

RED, BLUE = (200, 0, 0), (0, 0, 200)


def open_sheet(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data)).convert("RGB")


def tile(colour: tuple[int, int, int], size: tuple[int, int] = (50, 50)) -> Tile:
    return Tile(Image.new("RGB", size, colour), "1. psoriasis", "a caption")


def test_the_query_comes_first_and_the_cases_beside_it() -> None:
    sheet = open_sheet(draw_sheet(tile(RED), [tile(BLUE), tile(RED), tile(BLUE)]))
    middle = GAP + TILE // 2
    row = [
        sheet.getpixel((x, middle))
        for x in (middle, *range(middle + TILE + 2 * GAP, sheet.width, TILE + GAP))
    ]
    assert row[:4] == [RED, BLUE, RED, BLUE]


def test_more_cases_make_more_rows() -> None:
    heights = [open_sheet(draw_sheet(tile(RED), [tile(BLUE)] * n)).height for n in (0, 4, 5, 9)]
    assert heights[0] == heights[1] < heights[2] < heights[3]


def test_odd_sizes_and_words_fit() -> None:
    odd = Tile(Image.new("RGB", (900, 20), BLUE), "x" * 300, "word " * 200 + "\n" + "長" * 99)
    sheet = open_sheet(draw_sheet(odd, [odd]))
    edge = [sheet.getpixel((sheet.width - 1, y)) for y in range(sheet.height)]
    assert set(edge) == {(255, 255, 255)}
