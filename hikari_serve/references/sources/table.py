"""Tables of cases as editors and spreadsheets write them: separators, encodings, line numbers."""

import codecs
import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from hikari_serve.errors import InvalidInput
from hikari_serve.quoting import quoted
from hikari_serve.references.sources.listing import LeftOut, Row

MISFIT = "rows that do not fit the header"

_SEPARATORS = ",;\t"
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class Table(NamedTuple):
    """A table that was read.

    Attributes:
        columns: The header.
        rows: Every row that fits it: where it begins, and its values by column; what is missing at
            its end is empty.
        left_out: The others.
    """

    columns: list[str]
    rows: list[tuple[Row, dict[str, str]]]
    left_out: list[LeftOut]


def read_table(path: Path, needed: Sequence[str]) -> Table:
    """Reads a table with a header.

    Values are separated by commas, semicolons or tabs, whichever the header has; the file is UTF-8,
    or UTF-16 with its mark, as spreadsheets save "Unicode text".

    Args:
        path: The file.
        needed: Columns that must be there.

    Raises:
        InvalidInput: It is no such table, lacks a column, or a quote in it is not closed; no row
            behind such a quote could be trusted.
    """
    lines = _lines(path)
    _, header = next(lines, (1, []))
    columns = [name.strip() for name in header]
    if missing := [name for name in needed if name not in columns]:
        there = f"there are {', '.join(map(quoted, columns))}" if columns else "the file is empty"
        raise InvalidInput(f"{path}: there is no column `{missing[0]}`; {there}")
    if twice := next((name for name in columns if name and columns.count(name) > 1), ""):
        raise InvalidInput(f"{path}: the column `{quoted(twice)}` comes twice")
    table = Table(columns, [], [])
    for number, values in lines:
        cells = [value.strip() for value in values]
        if not any(cells):
            continue
        row = Row(path, number)
        if any(cells[len(columns) :]):
            said = f"{len(cells)} values for {len(columns)} columns; quote what holds a separator"
            table.left_out.append(LeftOut(row, MISFIT, said))
            continue
        cells += [""] * (len(columns) - len(cells))
        table.rows.append((row, dict(zip(columns, cells, strict=False))))
    return table


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table with the line that each begins in."""
    text = _text(path)
    skipped = 0
    separator = max(_SEPARATORS, key=text.partition("\n")[0].count)
    if text.startswith("sep=") and text[5:6] in ("\r", "\n"):  # spreadsheets read and write this
        separator, skipped = text[4], 1
        text = text.partition("\n")[2]
    # strict: without it a quote that is not closed swallows the rest of the file as one value
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    began = 1
    try:
        for values in reader:
            yield began + skipped, values
            began = reader.line_num + 1
    except csv.Error as error:
        raise InvalidInput(
            f"{path}, line {began + skipped}: a quote is not closed, or stands inside a value "
            f"({error}); close it, and write a quote inside a value twice"
        ) from error


def _text(path: Path) -> str:
    data = path.read_bytes()
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidInput(
            f"{path}, line {line}: this is not {error.encoding.upper()}: save the table as CSV in "
            "UTF-8"
        ) from error
