"""What a drawing shows, in the words that its caption uses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hikari_serve.drawing.scene import Place, Scene, Spot, Tone, whereabouts

Lesion = Literal["papule", "patch", "macule", "plaque", "nodule", "wheal"]
Size = Literal["small", "medium-sized", "large"]
Border = Literal["sharp", "blurred", "irregular", "straight"]


@dataclass(frozen=True)
class Findings:
    """What was drawn, in the words that a caption uses.

    Attributes:
        tone: Skin tone.
        count: Number of lesions.
        size: Their size.
        colour: Their colour, a key of `scene.PIGMENTS` or "flesh-coloured".
        lesion: The kind of lesion.
        border: What their border is like.
        surface: What covers them: a key of `captions.SURFACES`.
        place: Where they are.
    """

    tone: Tone
    count: int
    size: Size
    colour: str
    lesion: Lesion
    border: Border
    surface: str
    place: Place


def findings_of(
    scene: Scene,
    spots: Sequence[Spot],
    size: Size,
    colour: str,
    lesion: Lesion,
    border: Border,
    surface: str,
) -> Findings:
    """The findings of lesions that lie at `spots`."""
    place = whereabouts(spots)
    if scene.wrong.scale < 1:
        size = _measured(spots)
    return Findings(scene.tone, len(spots), size, colour, lesion, border, surface, place)


def edge(soft: float) -> Border:
    """What a reader calls a border that is `soft` pixels wide."""
    return "blurred" if soft > 4 else "sharp"


def _measured(spots: Sequence[Spot]) -> Size:
    radius = sum(radius for _, _, radius in spots) / len(spots)
    if radius < 20:
        return "small"
    return "medium-sized" if radius < 36 else "large"
