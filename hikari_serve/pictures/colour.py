"""Colours: what an embedded ICC profile says about pixels, as sRGB."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

_SPACES = {"RGB": "RGB ", "CMYK": "CMYK", "L": "GRAY"}
"""The colour space that a profile must have to describe an image of this mode."""

ROUNDING = 2
"""How far, of 255, the sRGB profiles of several makers are from one another."""

_LEVELS = np.arange(0, 256, 51, dtype=np.uint8)
_PROBES = Image.fromarray(np.stack(np.meshgrid(_LEVELS, _LEVELS, _LEVELS), -1).reshape(6, 36, 3))
"""Colours from all of the cube, 36 x 6."""


def to_srgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, bool]:
    """The picture in RGB, its colours as the profile means them.

    A profile that changes no colour leaves RGB pixels as they are, whatever it is called. One
    that is damaged, or is for another kind of picture, says nothing about these pixels: they are
    then taken as a viewer without colour management takes them.

    Args:
        image: Of the mode RGB, CMYK or L; others are converted without a profile.
        profile: The embedded ICC profile; empty if there is none, None if it is incomplete.

    Returns:
        The picture, and whether its profile, if it has one, could be used.
    """
    plain = image if image.mode == "RGB" else image.convert("RGB")
    if not profile:
        return plain, profile is not None
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        space = source.profile.xcolor_space
        if image.mode == "L" and space == _SPACES["RGB"]:
            image = plain  # grey is as much of each of the profile's colours
        if space != _SPACES.get(image.mode):
            return plain, False
        convert = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            image.mode,
            "RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        if image.mode == "RGB" and _changes_nothing(convert):
            return plain, True
        converted = ImageCms.applyTransform(image, convert)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # TIFF may call it a text
        return plain, False
    return converted or plain, True


def _changes_nothing(convert: ImageCms.ImageCmsTransform) -> bool:
    """Whether a transform leaves RGB colours as they are, but for rounding."""
    before = np.asarray(_PROBES).astype(np.int16)
    after = np.asarray(ImageCms.applyTransform(_PROBES, convert)).astype(np.int16)
    return bool(np.abs(before - after).max() <= ROUNDING)
