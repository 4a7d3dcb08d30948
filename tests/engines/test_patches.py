"""The patches are the checkpoint's own processor's, bit for bit."""

import random

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import Qwen2VLImageProcessorPil

from hikari_serve.engines.patches import PatchCutter
from hikari_serve.errors import BadImage

DICE = random.Random(3)

QWEN3_VL = {
    "patch_size": 16,
    "image_mean": [0.5] * 3,
    "image_std": [0.5] * 3,
    "size": {"shortest_edge": 65_536, "longest_edge": 16_777_216},
}
"""Of the 8B checkpoints' preprocessor_config.json."""

SMALL = {**QWEN3_VL, "size": {"shortest_edge": 1024, "longest_edge": 40_000}}


def picture(width: int, height: int) -> Image.Image:
    return Image.frombytes("RGB", (width, height), DICE.randbytes(width * height * 3))


def same(processor: Qwen2VLImageProcessorPil, images: list[Image.Image]) -> bool:
    own = PatchCutter(processor).cut(images)
    theirs = processor.preprocess(images, return_tensors="pt")
    assert own is not None
    grids = theirs["image_grid_thw"]
    return (
        torch.equal(own.pixels, theirs["pixel_values"])
        and torch.equal(own.grids, grids)
        and own.tokens == (grids.prod(dim=1) // processor.merge_size**2).tolist()
    )


@pytest.mark.parametrize("settings", [{}, SMALL, {**SMALL, "do_normalize": False}])
def test_they_are_identical_at_every_size(settings: dict[str, object]) -> None:
    processor = Qwen2VLImageProcessorPil(**settings)
    for _ in range(330):
        assert same(processor, [picture(DICE.randint(16, 260), DICE.randint(16, 260))])


def test_they_are_identical_at_the_size_of_a_photograph() -> None:
    processor = Qwen2VLImageProcessorPil(**QWEN3_VL)
    assert same(processor, [picture(672, 504), picture(504, 672), picture(200, 90)])


def test_every_value_of_a_pixel_is_there() -> None:
    levels = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    processor = Qwen2VLImageProcessorPil(
        **{**SMALL, "size": {"shortest_edge": 1, "longest_edge": 1}}
    )
    assert same(processor, [Image.fromarray(levels).resize((32, 32), Image.Resampling.NEAREST)])


def test_no_picture_is_no_patch_and_a_narrow_one_is_named() -> None:
    cutter = PatchCutter(Qwen2VLImageProcessorPil())
    assert cutter.cut([]) is None
    with pytest.raises(BadImage, match="aspect ratio must be smaller than 200"):
        cutter.cut([picture(2010, 10)])
