"""Cuts pictures into the patches that Qwen3-VL sees, with the checkpoint's own settings."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image
from transformers import Qwen2VLImageProcessorPil

from hikari_serve.errors import BadImage


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


def cut_patches(
    processor: Qwen2VLImageProcessorPil, images: Sequence[Image.Image]
) -> Patches | None:
    """Scales pictures and cuts them; None without pictures.

    Raises:
        BadImage: A picture is too narrow for patches.
    """
    if not images:
        return None
    try:
        features = processor.preprocess(list(images), return_tensors="pt")
    except ValueError as error:
        raise BadImage(f"the picture cannot be cut into patches: {error}") from error
    grids = features["image_grid_thw"]
    tokens = (grids.prod(dim=1) // processor.merge_size**2).tolist()
    return Patches(features["pixel_values"], grids, tokens)
