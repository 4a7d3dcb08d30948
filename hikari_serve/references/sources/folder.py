"""A folder of pictures in folders of their classes, or a table of pictures: `labels.csv`."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from hikari_serve.errors import InvalidInput
from hikari_serve.references.sources.listing import PICTURES, Entry, Listing

TABLE = "labels.csv"
LABEL_COLUMNS = ("disease", "label")
"""The columns that may name the disease, the first that is there counts."""


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
    """Reads a CSV file with the columns `file` (beside the table), `disease` (or `label`), and
    if they are there `id`, `caption` and `source`; others are not looked at.

    Raises:
        InvalidInput: It is no such table.
    """
    entries = []
    for row in rows(path, ["file"]):
        label = next((row[name] for name in LABEL_COLUMNS if name in row), None)
        if label is None:
            raise InvalidInput(f"{path}: there is no column `disease` or `label`")
        entries.append(
            Entry(
                id=row.get("id") or row["file"],
                picture=path.parent / row["file"],
                label=label,
                caption=row.get("caption", ""),
                source=row.get("source", ""),
            )
        )
    return Listing(entries)


def read_folders(path: Path) -> Listing:
    """Reads a folder with one folder of pictures for each class, whose name is the label.

    Raises:
        InvalidInput: There is no picture in any folder of it.
    """
    entries = [
        Entry(id=file.relative_to(path).as_posix(), picture=file, label=folder.name)
        for folder in sorted(path.iterdir())
        if folder.is_dir() and not folder.name.startswith(".")
        for file in sorted(folder.rglob("*"))
        if file.suffix.lower() in PICTURES
    ]
    loose = sum(file.suffix.lower() in PICTURES for file in path.iterdir())
    if not entries:
        hint = f"; its {loose} pictures lie in no folder of a class" if loose else ""
        raise InvalidInput(
            f"{path} has neither a {TABLE} nor pictures in a folder for each class{hint}"
        )
    listing = Listing(entries)
    if loose:
        listing.excluded["in no folder of a class"] = loose
    return listing


def rows(path: Path, needed: Sequence[str]) -> Iterator[dict[str, str]]:
    """The rows of a CSV file in UTF-8, by column; what is missing in a row is empty.

    Raises:
        InvalidInput: It is no CSV file in UTF-8, or lacks a column.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        table = csv.DictReader(file, restval="")
        try:
            columns = list(table.fieldnames or [])
            if missing := [name for name in needed if name not in columns]:
                raise InvalidInput(
                    f"{path}: there is no column `{missing[0]}`; there are {', '.join(columns)}"
                )
            for row in table:
                yield {name: value.strip() for name, value in row.items() if name in columns}
        except (UnicodeDecodeError, csv.Error) as error:
            raise InvalidInput(f"{path} is no CSV file in UTF-8: {error}") from error
