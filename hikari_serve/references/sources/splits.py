"""The authors' split files: which SkinCAP pictures their models were evaluated on."""

import json
from collections.abc import Iterable
from pathlib import Path, PureWindowsPath

from hikari_serve.errors import InvalidInput
from hikari_serve.references.sources.listing import LeftOut, Listing

PATTERN = "split_info*.json"
VALIDATION = "val_image_paths"
EXCLUDED = "pictures of the validation split"


def find_splits(folder: Path) -> list[Path]:
    """The split files that lie in a folder."""
    return sorted(folder.glob(PATTERN))


def exclude_validation(listing: Listing, splits: Iterable[Path]) -> None:
    """Leaves out every picture that any of the splits was evaluated on.

    A picture that a model is evaluated on must not be among the references: it would find itself
    and read its own answer. Two of the authors' splits overlap, so all of them count.

    Raises:
        InvalidInput: A file is no split file.
    """
    validation = {name for split in splits for name in _validation(split)}
    kept = []
    for entry in listing.entries:
        if entry.picture.name in validation:
            listing.left_out.append(LeftOut(entry.row, EXCLUDED, entry.id))
        else:
            kept.append(entry)
    listing.entries = kept


def picture_name(path: str) -> str:
    r"""The file's name in a path as the authors' scripts wrote it, such as `SkinCAP\a\292.png`."""
    return PureWindowsPath(path).name  # which takes both separators for what they are


def _validation(path: Path) -> list[str]:
    try:
        paths = json.loads(path.read_bytes())[VALIDATION]
        return [picture_name(each) for each in paths]
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(
            f"{path} is no split file: it must be a JSON object with a list `{VALIDATION}`"
        ) from error
