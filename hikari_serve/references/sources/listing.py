"""What every source is read into: a list of pictures with the words that it has about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

PICTURES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif",
    ".heic", ".heif", ".avif",
)  # fmt: skip
"""Endings of picture files, in lower case; what else lies in a folder is no picture."""


class Row(NamedTuple):
    """Where a source has a case.

    Attributes:
        file: The table, or the picture where there is none.
        line: Of the table, from 1, where the row begins; None without lines.
    """

    file: Path
    line: int | None = None


class LeftOut(NamedTuple):
    """A row that is not taken.

    Attributes:
        row: Where it stands.
        reason: Why, in the words that all rows with this reason share.
        detail: What of this row, such as its disease's name; may be empty.
    """

    row: Row
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A case as its source has it.

    Attributes:
        id: The case's id. It stands in answers, so it says nothing of the folders above the source.
        picture: Its file, which may be missing.
        label: The disease in the source's words.
        caption: Its description; may be empty.
        source: Where it comes from, for attribution; may be empty.
        row: Where it stands in the source.
    """

    id: str
    picture: Path
    label: str
    caption: str = ""
    source: str = ""
    row: Row = field(default=Row(Path()), kw_only=True)


@dataclass(slots=True)
class Listing:
    """The contents of a source.

    Attributes:
        entries: In the source's order.
        root: The folder that every picture must lie in.
        names: Words of this source that mean a label although no label set has them, in lower
            case with single spaces, and the words that it has.
        left_out: Rows that are no entries.
        notes: What a reader of the result should know, as sentences.
    """

    entries: list[Entry]
    root: Path
    names: Mapping[str, str] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
