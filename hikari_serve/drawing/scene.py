"""The skin under a drawn lesion, and the strokes that every disease is drawn with.

A disease says where its lesions lie (outlines) and what covers them (masks painted in a colour);
this module turns that into pixels. Many lesions of one kind share one mask, so a drawing takes a
few milliseconds however many lesions it has.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from hikari_serve.drawing.difficulty import CLEAR, Hardship

T = TypeVar("T")

SIDE = 256
"""Width and height of a drawing in pixels."""

Tone = Literal["light", "medium", "brown", "dark"]
Place = Literal["centre", "upper left", "upper right", "lower left", "lower right", "scattered"]
Colour = tuple[float, float, float]
Mask = NDArray[np.float32]
"""How much of each pixel a stroke covers: (SIDE, SIDE), 0 to 1."""
Spot = tuple[float, float, float]
"""Centre and radius of one lesion: x, y, r in pixels."""

SKIN: dict[Tone, Colour] = {
    "light": (0.94, 0.80, 0.71),
    "medium": (0.82, 0.64, 0.50),
    "brown": (0.62, 0.44, 0.32),
    "dark": (0.40, 0.27, 0.20),
}
ANCHORS: dict[Place, tuple[float, float]] = {
    "centre": (0.5, 0.5),
    "upper left": (0.3, 0.3),
    "upper right": (0.7, 0.3),
    "lower left": (0.3, 0.7),
    "lower right": (0.7, 0.7),
}
"""Where the lesions of each place gather, as shares of the picture's width and height."""

PIGMENTS: dict[str, Colour] = {
    "red": (0.80, 0.20, 0.18),
    "pink": (0.93, 0.48, 0.46),
    "violet": (0.48, 0.14, 0.26),
    "brown": (0.36, 0.20, 0.10),
    "black": (0.10, 0.06, 0.06),
    "tan": (0.62, 0.42, 0.26),
    "pale": (0.97, 0.90, 0.84),
    "yellow": (0.92, 0.78, 0.38),
    "white": (0.97, 0.96, 0.94),
    "orange": (0.90, 0.52, 0.30),
}
"""What a lesion of each colour is painted with."""

EVERYWHERE: tuple[Place, ...] = (*ANCHORS, "scattered")
CLUSTERED: tuple[Place, ...] = tuple(ANCHORS)


class Scene:
    """One drawing in the making.

    Attributes:
        rng: The only source of chance.
        wrong: What is wrong with the drawing.
        tone: The skin tone.
        pixels: (SIDE, SIDE, 3) RGB, 0 to 1.
    """

    def __init__(self, rng: np.random.Generator, wrong: Hardship = CLEAR) -> None:
        self.rng, self.wrong = rng, wrong
        self.tone: Tone = list(SKIN)[int(rng.integers(len(SKIN)))]
        base = np.asarray(SKIN[self.tone], np.float32) * rng.uniform(0.95, 1.05)
        shade = 1 + 0.07 * (self.noise(4) - 0.5) + 0.08 * (self.noise(90) - 0.5)
        self.pixels: NDArray[np.float32] = (base * shade[..., None]).astype(np.float32)

    @property
    def fair(self) -> bool:
        """Whether redness shows as red rather than violet."""
        return self.tone in ("light", "medium")

    def choice(self, options: Sequence[T]) -> T:
        """Picks one of the options."""
        return options[int(self.rng.integers(len(options)))]

    def between(self, own: float, lookalike: float) -> float:
        """A measure of this disease, moved to a look-alike's as far as the drawing is like it."""
        return own + self.wrong.likeness * (lookalike - own)

    def redness(self) -> str:
        """The colour of inflamed skin of this tone."""
        return self.choice(("red", "pink") if self.fair else ("violet", "red"))

    def noise(self, cells: int) -> Mask:
        """Smooth noise, 0 to 1, with about `cells` bumps along a side."""
        grid = Image.fromarray(self.rng.integers(0, 256, (cells, cells)).astype(np.uint8))
        smooth = grid.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        return _share(smooth)

    def spots(self, wanted: int, radii: tuple[float, float], place: Place) -> list[Spot]:
        """Places up to `wanted` lesions that do not touch, near `place` or all over.

        Args:
            wanted: Fewer come back when no room is left for more.
            radii: Smallest and largest radius in pixels.
            place: Where their common centre lies.
        """
        placed: list[Spot] = []
        low, high = (self.wrong.scale * radius for radius in radii)
        reach = 8 + 1.44 * high * (wanted - 1) ** 0.5
        for _ in range(60 * wanted):
            radius = self.rng.uniform(low, high)
            if place == "scattered":
                x, y = self.rng.uniform(radius, SIDE - radius, 2)
            else:
                aside = self.wrong.spread * (np.asarray(ANCHORS[place]) - 0.5)
                centre = SIDE * (0.5 + aside)
                x, y = np.clip(
                    centre + self.rng.uniform(-reach, reach, 2), 0.8 * radius, SIDE - 0.8 * radius
                )
            if all(np.hypot(x - a, y - b) > 1.25 * (radius + r) for a, b, r in placed):
                placed.append((float(x), float(y), float(radius)))
            if len(placed) == wanted:
                break
        return placed

    def fill(
        self, spots: Iterable[Spot], *, wobble: float = 0.1, stretch: float = 1.2, soft: float = 1.0
    ) -> Mask:
        """The mask of some lesions.

        Args:
            spots: Where they are.
            wobble: How irregular the outline is, as a share of the radius.
            stretch: Largest ratio of a lesion's two axes.
            soft: Width of the border in pixels.
        """
        sheet = Image.new("L", (SIDE, SIDE))
        brush = ImageDraw.Draw(sheet)
        turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        for x, y, radius in spots:
            waves = np.zeros_like(turn)
            for order in (2, 3, 5, 7):
                size = wobble * self.rng.uniform(0.3, 1) / order**0.5
                waves += size * np.cos(order * turn + self.rng.uniform(0, 2 * np.pi))
            aspect = self.rng.uniform(1, stretch) ** 0.5
            tilt = self.rng.uniform(0, np.pi)
            along, across = np.cos(turn) * aspect, np.sin(turn) / aspect
            reach = radius * (1 + waves)
            xs = x + reach * (along * np.cos(tilt) - across * np.sin(tilt))
            ys = y + reach * (along * np.sin(tilt) + across * np.cos(tilt))
            brush.polygon(list(zip(xs.tolist(), ys.tolist(), strict=True)), fill=255)
        return soften(sheet, soft)

    def paint(self, mask: Mask, colour: Colour, opacity: float) -> None:
        """Lays a colour over the skin where the mask is."""
        cover = (self.wrong.strength * opacity * mask)[..., None]
        self.pixels += cover * (np.asarray(colour, np.float32) - self.pixels)

    def raise_up(self, mask: Mask, height: float) -> None:
        """Lights a mask from the upper left, so that it stands out of the skin."""
        padded = np.pad(mask, 2, "edge")
        slope = padded[4:, 4:] - padded[:-4, :-4]
        self.pixels += self.wrong.strength * height * slope[..., None]

    def flakes(self, mask: Mask, cells: int, share: float) -> Mask:
        """Scale or crust: crisp flakes over `share` of a mask."""
        grain = self.noise(cells)
        edge = np.quantile(grain, 1 - share)
        crisp: Mask = np.clip((grain - edge) * 12, 0, 1).astype(np.float32)
        return mask * crisp

    def image(self) -> Image.Image:
        """The finished drawing."""
        return Image.fromarray((self.pixels.clip(0, 1) * 255).astype(np.uint8))


def grown(spots: Iterable[Spot], factor: float) -> list[Spot]:
    """The same lesions with `factor` times their radius."""
    return [(x, y, radius * factor) for x, y, radius in spots]


def whereabouts(spots: Sequence[Spot]) -> Place:
    """Names the part of the picture that some lesions lie in, or "scattered"."""
    centres = np.asarray([(x, y) for x, y, _ in spots]) / SIDE
    if float(np.linalg.norm(centres.std(0))) > 0.22:
        return "scattered"
    middle = centres.mean(0)
    return min(ANCHORS, key=lambda place: float(np.linalg.norm(middle - ANCHORS[place])))


def soften(sheet: Image.Image, width: float) -> Mask:
    """Turns a drawn sheet into a mask whose border is `width` pixels wide."""
    return _share(sheet.filter(ImageFilter.GaussianBlur(width)))


def _share(sheet: Image.Image) -> Mask:
    return (np.asarray(sheet) / 255).astype(np.float32)
