"""How fit a picture is to be judged at all: its size, sharpness, light, and whether skin is in it.

Measured before any model runs on a copy of at most 256 pixels, because what a model can see in its
view is what counts.
"""

from collections.abc import Sequence
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hikari_serve.stage import Frozen

SIDE = 256
"""Longer side of the copy that is measured, in pixels."""
OVERSAMPLING = 4
"""Pixels read along a side for each one of the copy: a photo's 12 million are not all needed."""

WINDOW = 9
"""Pixels that the blur by which sharpness is measured takes together."""
ROUNDING = 1
"""Variation that storing whole values makes on the smoothest slope, in values of 255."""
SMALL = 64
"""A shorter side in pixels below which no surface can be seen."""
BLURRED = 0.08
"""Sharpness below this is called blur: of drawings, the softest has 0.11, and with a Gaussian blur
of 3 of 256 pixels the sharpest has 0.07. No set of photographs was at hand to set it by."""
DARK, GLARING = 0.18, 0.5
"""The 95th percentile of luma, and the share of burnt-out pixels, at which detail is lost."""
FLAT = 2.5
"""Deviation from a smooth gradient, in values of 255, below which there is nothing to see."""
FEW = 0.1
"""Share of skin-coloured pixels below which the picture may show something else."""


class Quality(Frozen):
    """What can be said of a picture before any model has seen it.

    Attributes:
        width: Pixels of the upright picture.
        height: Pixels of the upright picture.
        sharpness: From 0 to 1; see `sharpness`.
        exposure: Mean luma, from 0, black, to 1, white. Dark skin is dark and rightly so: what
            counts for the score is whether any part of the picture has light.
        clipped: Share of burnt-out pixels.
        skin: Share of pixels whose colour skin can have; see `skin`.
        blank: Whether there is nothing but one colour, or one that runs into another.
        score: The weakest of these aspects, from 0 to 1.
        warnings: What is wrong and how to take a better picture, the weakest aspect first; then
            what of the file could not be read, which takes nothing from the score.
    """

    width: int
    height: int
    sharpness: float
    exposure: float
    clipped: float
    skin: float
    blank: bool
    score: float
    warnings: tuple[str, ...]


def measure(image: Image.Image, seen: int | None = None, notes: Sequence[str] = ()) -> Quality:
    """Measures an upright RGB picture of any size.

    Args:
        image: The picture.
        seen: Shorter side of what a model sees of it, in pixels, where that is less.
        notes: What was wrong with its file.
    """
    small = _copy(image)
    bands = np.stack([np.asarray(band) for band in small.split()])
    grey = small.convert("L")
    luma, levels = np.asarray(grey), np.cumsum(grey.histogram())
    found = sharpness(luma)
    clipped = _share(bands.min(axis=0) > 250)
    blank = _is_blank(bands)
    coloured = skin(small)
    aspects = {
        "there is nothing to see but one colour; take a picture of the lesion": float(not blank),
        "it is very small; send the original picture": min(image.size) / SMALL,
        "a model sees a narrow strip of it; send the part with the lesion": (
            min(seen or SMALL, *image.size) / min(SMALL, *image.size)
        ),
        "it is blurred; hold still and let the camera focus": found / BLURRED,
        "it is too dark; take it in daylight": _percentile(levels, 95) / 255 / DARK,
        "it is overexposed; take it without flash": (1 - clipped) / (1 - GLARING),
        "hardly any of it has the colour of skin; fill the picture with the lesion": coloured / FEW,
    }
    weak = sorted(((min(1.0, share), text) for text, share in aspects.items()), key=itemgetter(0))
    return Quality(
        width=image.width,
        height=image.height,
        sharpness=round(found, 4),
        exposure=round(float(luma.mean()) / 255, 4),
        clipped=round(clipped, 4),
        skin=round(coloured, 4),
        blank=blank,
        score=round(weak[0][0], 4),
        warnings=(*(text for share, text in weak if share < 1.0), *notes),
    )


def sharpness(luma: NDArray[np.uint8]) -> float:
    """How much of the detail along rows and columns a blur of nine pixels would take away.

    One minus the blur metric of Crete et al., "The blur effect: perception and estimation with a
    new no-reference perceptual blur metric" (SPIE 2007): a sharp picture loses most of its
    neighbour-to-neighbour variation, a blurred one has little to lose. Contrast cancels out.

    Args:
        luma: (height, width).

    Returns:
        From 0 to 1, the blurrier of the two directions; 0 where nothing varies.
    """
    lines, half = [], WINDOW // 2
    for rows in (luma.astype(np.int16), luma.T.astype(np.int16)):
        if len(rows) <= WINDOW:
            continue
        before = np.abs(rows[half + 1 : -half] - rows[half : -half - 1])
        # Means of nine that lie side by side share eight: their difference is that of the others.
        after = np.abs(rows[WINDOW:] - rows[:-WINDOW])
        lost = np.maximum(WINDOW * (before - ROUNDING) - after, 0)  # WINDOW times what is lost
        varied = WINDOW * int(before.sum())
        lines.append(int(lost.sum()) / varied if varied else 0.0)
    return min(lines, default=0.0)


def skin(image: Image.Image) -> float:
    """The share of pixels whose chroma lies where skin's does.

    Cb in 77 to 127 and Cr in 133 to 173 (Chai and Ngan, "Face segmentation using skin-color map",
    IEEE TCSVT 1999), which holds across skin tones because it leaves brightness out; wood, sand
    and brick pass too, so a large share proves nothing.
    """
    _, blue, red = (np.asarray(band) for band in image.convert("YCbCr").split())
    return _share((blue >= 77) & (blue <= 127) & (red >= 133) & (red <= 173))


def _share(found: NDArray[np.bool_]) -> float:
    return int(np.count_nonzero(found)) / found.size


def _percentile(levels: NDArray[np.int64], percent: int) -> int:
    """The value that at least so many percent of pixels do not exceed.

    Args:
        levels: How many pixels have each value or a lower one.
        percent: Of all pixels.
    """
    return int(np.searchsorted(levels, levels[-1] * percent / 100))


def _copy(image: Image.Image) -> Image.Image:
    scale = SIDE / max(image.size)
    if scale >= 1:
        return image
    if scale < 1 / OVERSAMPLING:
        sampled = [max(OVERSAMPLING, round(side * scale * OVERSAMPLING)) for side in image.size]
        sample = image.resize((sampled[0], sampled[1]), Image.Resampling.NEAREST)
        return sample.reduce(OVERSAMPLING)
    copy = image.copy()
    copy.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    return copy


def _is_blank(bands: NDArray[np.uint8]) -> bool:
    """Whether a plane through the values of each channel leaves next to nothing over.

    By least squares from sums over rows and columns; a matrix of every pixel would have BLAS take
    several cores for milliseconds.

    Args:
        bands: (channels, height, width).
    """
    _, height, width = bands.shape
    x, y = np.arange(width) / width, np.arange(height) / height
    columns, rows = (bands.sum(axis=axis, dtype=np.uint32) for axis in (1, 2))
    moments = np.stack([columns.sum(axis=1), columns @ x, rows @ y])
    normal = np.array(
        [
            [height * width, height * x.sum(), width * y.sum()],
            [height * x.sum(), height * (x @ x), x.sum() * y.sum()],
            [width * y.sum(), x.sum() * y.sum(), width * (y @ y)],
        ]
    )
    plane, *_ = np.linalg.lstsq(normal, moments, rcond=None)
    left = np.square(bands, dtype=np.uint16).sum() - (plane * moments).sum()
    return bool(left / bands.size < FLAT**2)
