"""Cuts pictures into the patches that Qwen3-VL sees, with the checkpoint's own settings.

transformers' processor does the same in float arithmetic over every pixel. A pixel has 256 values,
so what rescaling and normalizing make of them is computed once, by that processor, and looked up:
bit for bit the same, in less than half the time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from transformers import Qwen2VLImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

from hikari_serve.errors import BadImage

CHANNELS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """The pictures of one prompt.

    Attributes:
        pixels: (patches of all pictures, values), in float32.
        grids: (pictures, 3): each picture's patches in time, height and width.
        tokens: How many tokens the model has for each picture.
    """

    pixels: torch.Tensor
    grids: torch.Tensor
    tokens: list[int]


class PatchCutter:
    """Cuts pictures as one checkpoint's processor does.

    Those of reference cases too, each time anew: the patches of 672 x 504 pixels take 8 MB, so that
    hundreds of megabytes would hold few cases of a book, and to cut them takes some 10 ms.
    """

    def __init__(self, processor: Qwen2VLImageProcessorPil) -> None:
        """Args:
        processor: Of the checkpoint, with its settings.
        """
        self._processor = processor
        self._values = _values(processor)

    def cut(self, images: Sequence[Image.Image]) -> Patches | None:
        """Scales RGB pictures and cuts them; None without pictures.

        Raises:
            BadImage: A picture is too narrow for patches.
        """
        if not images:
            return None
        side, times = self._processor.patch_size, self._processor.temporal_patch_size
        sizes = [self._size(image) for image in images]
        grids = torch.tensor([(1, height // side, width // side) for width, height in sizes])
        counts: list[int] = grids.prod(dim=1).tolist()
        pixels = np.empty((sum(counts), CHANNELS * times * side * side), np.float32)
        at = 0
        for image, size, count in zip(images, sizes, counts, strict=True):
            scaled = image if image.mode == "RGB" else image.convert("RGB")
            if scaled.size != size:
                scaled = scaled.resize(size, self._processor.resample)
            self._lay(np.asarray(scaled), pixels[at : at + count])
            at += count
        tokens = [count // self._processor.merge_size**2 for count in counts]
        return Patches(torch.from_numpy(pixels), grids, tokens)

    def _size(self, image: Image.Image) -> tuple[int, int]:
        """Width and height of what is cut."""
        if not self._processor.do_resize:
            return image.size
        wanted = self._processor.size
        try:
            height, width = smart_resize(
                image.height,
                image.width,
                factor=self._processor.patch_size * self._processor.merge_size,
                min_pixels=wanted["shortest_edge"],
                max_pixels=wanted["longest_edge"],
            )
        except ValueError as error:
            raise BadImage(f"the picture cannot be cut into patches: {error}") from error
        return width, height

    def _lay(self, image: NDArray[np.uint8], into: NDArray[np.float32]) -> None:
        """Lays a picture's patches down in the order in which the model merges them.

        Args:
            image: (height, width, channels).
            into: (patches, values), contiguous.
        """
        side, merge = self._processor.patch_size, self._processor.merge_size
        height, width, _ = image.shape
        planes = np.empty((CHANNELS, height, width), np.float32)
        for plane, values, levels in zip(
            planes, self._values, np.moveaxis(image, 2, 0), strict=True
        ):
            np.take(values, levels, out=plane, mode="clip")  # "raise" would make a copy first
        rows, columns = height // side // merge, width // side // merge
        blocks = planes.reshape(CHANNELS, rows, merge, side, columns, merge, side)
        laid = into.reshape(rows, columns, merge, merge, CHANNELS, -1, side, side)
        # a still picture is the same at every time
        laid[:] = blocks.transpose(1, 4, 2, 5, 0, 3, 6)[:, :, :, :, :, None]


def _values(processor: Qwen2VLImageProcessorPil) -> NDArray[np.float32]:
    """(channels, 256): what the processor makes of each value of a pixel."""
    levels = np.broadcast_to(np.arange(256, dtype=np.uint8), (CHANNELS, 1, 256))
    if processor.do_rescale:
        levels = processor.rescale(levels, processor.rescale_factor)
    if processor.do_normalize:
        levels = processor.normalize(levels, processor.image_mean, processor.image_std)
    return np.ascontiguousarray(levels[:, 0], dtype=np.float32)
