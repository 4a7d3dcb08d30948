"""Colours: what an embedded ICC profile says about pixels, as sRGB."""

from io import BytesIO

from PIL import Image, ImageCms

_SPACES = {"RGB": "RGB ", "CMYK": "CMYK", "L": "GRAY"}
"""The colour space that a profile must have to describe an image of this mode."""


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in RGB, its colours as the profile means them.

    A profile that names sRGB leaves RGB pixels as they are. One that is damaged, or is for
    another kind of picture, says nothing about these pixels: they are then taken as a viewer
    without colour management takes them.

    Args:
        image: Of the mode RGB, CMYK or L; others are converted without a profile.
        profile: The embedded ICC profile, if any.
    """
    converted = _by_profile(image, profile) if profile else None
    return converted or (image if image.mode == "RGB" else image.convert("RGB"))


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if source.profile.xcolor_space != _SPACES.get(image.mode):
            return None
        if image.mode == "RGB" and "sRGB" in ImageCms.getProfileDescription(source):
            return None
        return ImageCms.profileToProfile(
            image,
            source,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
