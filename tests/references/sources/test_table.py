"""Tables as editors and spreadsheets save them, and those that would lose rows in silence."""

import csv
from io import StringIO
from pathlib import Path

import pytest

from hikari_serve.errors import InvalidInput
from hikari_serve.references.sources.table import MISFIT, read_table


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_what_spreadsheets_save(tmp_path: Path, separator: str, encoding: str, end: str) -> None:
    columns = ["file", "label", "caption"]
    words = f'red; with,{end}a "halo"\tand pläques'
    text = StringIO(newline="")
    written = csv.writer(text, delimiter=separator, lineterminator=end)
    written.writerows([columns, ["a.png", "acne", words], [], ["b.png", "psoriasis", "flat"]])
    (tmp_path / "t.csv").write_bytes(text.getvalue().encode(encoding))
    table = read_table(tmp_path / "t.csv", ["file"])
    assert (table.columns, table.left_out) == (columns, [])
    assert [(row.line, values) for row, values in table.rows] == [
        (2, {"file": "a.png", "label": "acne", "caption": words}),
        (5, {"file": "b.png", "label": "psoriasis", "caption": "flat"}),
    ]


def test_a_spreadsheet_says_what_separates(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"sep=;\r\nfile;label\r\na.png;acne\r\n")
    ((row, values),) = read_table(tmp_path / "t.csv", ["file"]).rows
    assert (row.line, values) == (3, {"file": "a.png", "label": "acne"})


def test_columns_without_a_name_are_none(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("file;label;;\na.png;acne;;\n")
    ((_, values),) = read_table(tmp_path / "t.csv", ["file"]).rows
    assert (values["file"], values["label"]) == ("a.png", "acne")


def test_rows_that_do_not_fit_are_told(tmp_path: Path) -> None:
    text = "file,label,caption\na.png,acne,red, scaly\nb.png,acne\n,,\nc.png,acne,flat,,\n"
    (tmp_path / "t.csv").write_text(text)
    table = read_table(tmp_path / "t.csv", ["file"])
    assert [(row.line, values["file"]) for row, values in table.rows] == [
        (3, "b.png"),
        (5, "c.png"),
    ]
    (lost,) = table.left_out
    assert (lost.row.line, lost.reason) == (2, MISFIT)
    assert lost.detail == "4 values for 3 columns; quote what holds a separator"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (b'file,label\n00.png,"acne\n01.png,acne\n02.png,acne\n', r"line 2: a quote is not closed"),
        (b'file,label\n00.png,acne\n01.png,"a\n02.png,"b"\n', r"line 3: a quote is not closed"),
        (b'file,label\n00.png,"acne" vulgaris\n', r"line 2: .* stands inside a value"),
        (b"picture,disease\na,b\n", "no column `file`; there are picture, disease"),
        (b"file,file\na,b\n", "the column `file` comes twice"),
        (b"", "no column `file`; the file is empty"),
        (
            b"file,label\na.png,acn\xe9\n",
            "line 2: this is not UTF-8: save the table as CSV in UTF-8",
        ),
        ("file,label\n".encode("utf-16")[:-1], "line 1: this is not UTF-16"),
        ("file,label\na,b\n".encode("utf-16-le"), "no column `file`"),
        (b"file,label\na.png," + b"x" * 140_000, "line 2: .*field larger than field limit"),
    ],
)
def test_tables_that_cannot_be_trusted(tmp_path: Path, table: bytes, message: str) -> None:
    (tmp_path / "t.csv").write_bytes(table)
    with pytest.raises(InvalidInput, match=message):
        read_table(tmp_path / "t.csv", ["file"])
