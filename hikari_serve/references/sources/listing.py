"""What every source is read into: a list of pictures with the words that it has about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PICTURES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".heic", ".heif"}
)
"""Endings of picture files, in lower case; what else lies in a folder is no picture."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A case as its source has it.

    Attributes:
        id: The case's id.
        picture: Its file, which may be missing.
        label: The disease in the source's words.
        caption: Its description; may be empty.
        source: Where it comes from, for attribution; may be empty.
    """

    id: str
    picture: Path
    label: str
    caption: str = ""
    source: str = ""


@dataclass(slots=True)
class Listing:
    """The contents of a source.

    Attributes:
        entries: In the source's order.
        names: Words of this source that mean a label although no label set has them, in lower
            case with single spaces, and the words that it has.
        excluded: Rows that were left out, counted by the reason.
        notes: What a reader of the result should know, as sentences.
    """

    entries: list[Entry]
    names: Mapping[str, str] = field(default_factory=dict)
    excluded: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
