"""Pictures that show no skin lesion, so that the demo models learn to say so.

Healthy skin, blank sheets, noise, pages of text, and scenes of overlapping shapes. The noise with
a 1/f spectrum and the dead leaves follow what is known of natural images' statistics (Baradad et
al., "Learning to See by Looking at Noise", 2021), so that photographs of things, which no
training picture here is, are recognised as something else too.
"""

from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from hikari_serve.drawing.difficulty import Hardship, hardship, photograph
from hikari_serve.drawing.scene import SIDE, Scene

GROUP_ANSWER = "0. None of these categories"
DISEASE_ANSWER = "This image shows no skin lesion."
CAPTION = "No skin lesion is seen in this picture."
"""What each demo model answers to such a picture: all outside its labels."""

WORDS = ("the", "patient", "reports", "date", "page", "total", "invoice", "received", "of", "skin")

Chance = np.random.Generator


def healthy_skin(rng: Chance) -> Image.Image:
    """Skin without a lesion, some of it badly photographed."""
    wrong: Hardship = hardship("mixed", rng)
    return photograph(Scene(rng).image(), wrong, rng)


def blank(rng: Chance) -> Image.Image:
    """One colour, or a soft change from one to another."""
    if rng.random() < 0.5:
        return Image.new("RGB", (SIDE, SIDE), _colour(rng))
    corners = rng.integers(0, 256, (2, 2, 3)).astype(np.uint8)
    return Image.fromarray(corners).resize((SIDE, SIDE), Image.Resampling.BILINEAR)


def noise(rng: Chance) -> Image.Image:
    """Noise whose power falls with frequency: from television snow to clouds."""
    steepness = rng.uniform(0, 2.2)
    ys, xs = np.meshgrid(*[np.fft.fftfreq(SIDE)] * 2)
    weight = 1 / np.maximum(np.hypot(ys, xs), 1 / SIDE) ** steepness
    sheets = [
        np.fft.ifft2(np.fft.fft2(rng.normal(size=(SIDE, SIDE))) * weight).real for _ in range(3)
    ]
    mixing = np.eye(3) + rng.uniform(0, 1.5)
    pixels = np.stack(sheets, -1) / np.std(sheets) @ mixing / mixing.sum(0)
    grey = pixels * rng.uniform(20, 90) + rng.uniform(40, 215, 3)
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8))


def text(rng: Chance) -> Image.Image:
    """A page of words."""
    dark = bool(rng.random() < 0.2)
    paper, ink = ((24, 24, 28), (230, 230, 230)) if dark else ((246, 244, 238), (20, 20, 24))
    page = Image.new("RGB", (SIDE, SIDE), paper)
    brush, size = ImageDraw.Draw(page), int(rng.integers(9, 30))
    font = ImageFont.load_default(size)
    for top in range(int(rng.integers(0, 30)), SIDE, int(size * rng.uniform(1.2, 2))):
        line = " ".join(rng.choice(WORDS, int(rng.integers(1, 9))).tolist())
        brush.text((int(rng.integers(0, 40)), top), line, fill=ink, font=font)
    return page.rotate(float(rng.uniform(-8, 8)), fillcolor=paper)


def dead_leaves(rng: Chance) -> Image.Image:
    """Overlapping shapes of every size and colour, as things hide each other in a photograph."""
    sheet = noise(rng)
    brush = ImageDraw.Draw(sheet)
    palette = [_colour(rng) for _ in range(int(rng.integers(2, 12)))]
    for _ in range(int(rng.integers(8, 160))):
        x, y = rng.uniform(-20, SIDE + 20, 2)
        radius = min(4 / rng.power(1.6), 90)
        shade = rng.uniform(0.7, 1.2)
        red, green, blue = (min(int(shade * c), 255) for c in palette[rng.integers(len(palette))])
        _shape(brush, rng, float(x), float(y), float(radius), (red, green, blue))
    if rng.random() < 0.6:
        grain = rng.normal(0, rng.uniform(2, 18), (SIDE, SIDE, 1))
        pixels = np.asarray(sheet) + grain * rng.uniform(0.5, 1.5, 3)
        sheet = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    return sheet.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 2))))


def stripes(rng: Chance) -> Image.Image:
    """Bars, grids and checks: cloth, walls, keyboards."""
    ys, xs = np.mgrid[:SIDE, :SIDE]
    angle, period = rng.uniform(0, np.pi), rng.uniform(6, 80)
    along = np.sin(2 * np.pi * (xs * np.cos(angle) + ys * np.sin(angle)) / period)
    across = np.sin(2 * np.pi * (ys * np.cos(angle) - xs * np.sin(angle)) / period)
    waves = along if rng.random() < 0.4 else along * across
    share = (np.clip(waves * rng.uniform(1, 12), -1, 1)[..., None] + 1) / 2
    one, other = np.asarray(_colour(rng)), np.asarray(_colour(rng))
    return Image.fromarray((one + share * (other - one)).astype(np.uint8))


KINDS: tuple[Callable[[Chance], Image.Image], ...] = (
    healthy_skin,
    blank,
    noise,
    text,
    dead_leaves,
    stripes,
)


def draw_other(index: int, seed: int) -> Image.Image:
    """Draws one picture without a lesion; the same index and seed give the same pixels."""
    return KINDS[index % len(KINDS)](np.random.default_rng((seed, index, 2)))


def draw_others(count: int, seed: int, first: int = 0) -> Iterator[Image.Image]:
    """Draws `count` of them, the kinds in turn, from the index `first`; RGB, 256 x 256."""
    return (draw_other(index, seed) for index in range(first, first + count))


def _colour(rng: Chance) -> tuple[int, int, int]:
    red, green, blue = rng.integers(0, 256, 3).tolist()
    return red, green, blue


def _shape(
    brush: ImageDraw.ImageDraw,
    rng: Chance,
    x: float,
    y: float,
    radius: float,
    colour: tuple[int, int, int],
) -> None:
    kind = rng.random()
    if kind < 0.4:
        flat = rng.uniform(0.4, 1)
        brush.ellipse((x - radius, y - flat * radius, x + radius, y + flat * radius), fill=colour)
        return
    corners = int(rng.integers(3, 7))
    turn = np.sort(rng.uniform(0, 2 * np.pi, corners))
    reach = radius * rng.uniform(0.6, 1.3, corners)
    points = zip(x + reach * np.cos(turn), y + reach * np.sin(turn), strict=True)
    brush.polygon([(float(a), float(b)) for a, b in points], fill=colour)
