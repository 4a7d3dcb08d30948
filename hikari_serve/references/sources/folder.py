"""A folder of pictures in folders of their classes, or a table of pictures: `labels.csv`."""

import os
from pathlib import Path, PureWindowsPath

from hikari_serve.errors import InvalidInput
from hikari_serve.references.sources import table
from hikari_serve.references.sources.listing import PICTURES, Entry, LeftOut, Listing, Row

TABLE = "labels.csv"
LABEL_COLUMNS = ("disease", "label")
"""The columns that may name the disease, the first that is there counts."""
SPLITS = frozenset({"train", "training", "val", "valid", "validation", "test", "testing"})
"""Names of folders that divide a data set, in lower case; no disease is called so."""

LOOSE = "pictures in no folder of a class"
NO_PICTURE = "files that are no pictures by their names"
NAMELESS = "rows that name no picture"
AGAIN = "folders that are read already"


def read_source(path: Path) -> Listing:
    """Reads a table, a folder that has one, or a folder with a folder for each class.

    Raises:
        InvalidInput: It is none of these.
    """
    if path.is_file():
        return read_table(path)
    if (path / TABLE).is_file():
        return read_table(path / TABLE)
    if path.is_dir():
        return read_folders(path)
    raise InvalidInput(f"{path} is neither a folder nor a file")


def read_table(path: Path) -> Listing:
    """Reads a table with the columns `file` (beside the table), `disease` (or `label`), and
    if they are there `id`, `caption` and `source`; others are not looked at.

    Raises:
        InvalidInput: It is no such table.
    """
    columns, rows, left_out = table.read_table(path, ["file"])
    label = next((name for name in LABEL_COLUMNS if name in columns), None)
    if label is None:
        raise InvalidInput(f"{path}: there is no column `disease` or `label`")
    listing = Listing([], path.parent, left_out=left_out)
    for row, values in rows:
        if not values["file"]:
            listing.left_out.append(LeftOut(row, NAMELESS))
            continue
        picture = _find(path.parent, values["file"])
        listing.entries.append(
            Entry(
                id=values.get("id") or _relative(picture, path.parent),
                picture=picture,
                label=values[label],
                caption=values.get("caption", ""),
                source=values.get("source", ""),
                row=row,
            )
        )
    return listing


def read_folders(path: Path) -> Listing:
    """Reads a folder with one folder of pictures for each class, whose name is the label.

    Links are followed: whether what they find may be taken is for others to say.

    Raises:
        InvalidInput: There is no picture in any folder of it, or its folders divide the pictures
            otherwise than by disease.
    """
    folders = [each for each in _visible(path) if each.is_dir()]
    if splits := [each for each in folders if each.name.lower() in SPLITS]:
        names = ", ".join(f"`{each.name}`" for each in splits)
        raise InvalidInput(
            f"{path} is divided into {names}, and these are no diseases: name the one whose "
            f"pictures are to be the cases, such as {splits[0]}"
        )
    listing = Listing([], path)
    for folder in folders:
        for file in _files(folder, listing):
            if file.suffix.lower() not in PICTURES:
                listing.left_out.append(LeftOut(Row(file), NO_PICTURE))
                continue
            name = file.relative_to(path).as_posix()
            listing.entries.append(Entry(name, file, folder.name, row=Row(file)))
    loose = [each for each in _visible(path) if each.suffix.lower() in PICTURES]
    if not listing.entries:
        hint = f"; its {len(loose)} pictures lie in no folder of a class" if loose else ""
        raise InvalidInput(
            f"{path} has neither a {TABLE} nor pictures in a folder for each class{hint}"
        )
    listing.left_out += [LeftOut(Row(file), LOOSE) for file in loose]
    return listing


def _files(folder: Path, listing: Listing) -> list[Path]:
    """What lies in the folder of a class at any depth, but for hidden files and folders.

    Each folder is read once, links last, so that none that leads back goes on for ever.
    """
    found: list[Path] = []
    read: set[Path] = set()
    links = [folder]
    while links:
        for name, folders, files in os.walk(links.pop(0)):
            here = Path(name)
            if here.resolve() in read:
                listing.left_out.append(LeftOut(Row(here), AGAIN))
                folders.clear()
                continue
            read.add(here.resolve())
            folders[:] = sorted(each for each in folders if not each.startswith("."))
            links += [here / each for each in folders if (here / each).is_symlink()]
            found += [here / each for each in files if not each.startswith(".")]
    return sorted(found)


def _visible(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if not each.name.startswith("."))


def _find(folder: Path, name: str) -> Path:
    """The picture that a table names.

    Also by its name without an ending, as in ISIC's tables, and with another system's separators.
    """
    picture = folder / name
    if "\\" in name and not os.path.lexists(picture):
        picture = folder.joinpath(*PureWindowsPath(name).parts)
    if picture.suffix.lower() in PICTURES or os.path.lexists(picture):
        return picture
    found = [ended for end in PICTURES if os.path.lexists(ended := Path(f"{picture}{end}"))]
    return found[0] if len(found) == 1 else picture


def _relative(picture: Path, folder: Path) -> str:
    return Path(os.path.relpath(picture, folder)).as_posix()
