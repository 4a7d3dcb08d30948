"""Folders of classes and tables of pictures."""

from pathlib import Path

import pytest

from hikari_serve.drawing.cases import draw_set
from hikari_serve.errors import InvalidInput
from hikari_serve.references.sources.folder import read_source
from hikari_serve.references.sources.listing import Entry
from tests.references.sources.pictures import paint


def test_a_folder_for_each_class(tmp_path: Path) -> None:
    first = paint(tmp_path / "Psoriasis" / "b.PNG", (1, 2, 3))
    deep = paint(tmp_path / "acne vulgaris" / "face" / "a.jpg", (4, 5, 6))
    paint(tmp_path / ".cache" / "c.png", (7, 8, 9))
    paint(tmp_path / "loose.png", (1, 1, 1))
    (tmp_path / "Psoriasis" / "notes.txt").write_text("no picture")
    listing = read_source(tmp_path)
    assert listing.entries == [
        Entry("Psoriasis/b.PNG", first, "Psoriasis"),
        Entry("acne vulgaris/face/a.jpg", deep, "acne vulgaris"),
    ]
    assert listing.excluded == {"in no folder of a class": 1}


def test_the_table_that_demo_draw_writes(tmp_path: Path) -> None:
    draw_set(2, seed=7, out=tmp_path)
    for source in (tmp_path, tmp_path / "labels.csv"):
        entries = read_source(source).entries
        assert [entry.id for entry in entries] == ["00000.png", "00001.png"]
        assert [entry.label for entry in entries] == ["acne_vulgaris", "atopic_dermatitis"]
        assert all(entry.picture.is_file() and entry.caption for entry in entries)


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    text = '\ufefffile,label,id,source,age\r\n a/b.png ,"nevus, blue",7,clinic,40\r\nc.png,acne\r\n'
    (tmp_path / "mine.csv").write_text(text, encoding="utf-8")
    assert read_source(tmp_path / "mine.csv").entries == [
        Entry("7", tmp_path / "a" / "b.png", "nevus, blue", "", "clinic"),
        Entry("c.png", tmp_path / "c.png", "acne"),
    ]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (b"picture,disease\na,b\n", "no column `file`; there are picture, disease"),
        (b"file,illness\na,b\n", "no column `disease` or `label`"),
        (b"", "no column `file`"),
        (b"file,label\n\xff\xfe,b\n", "no CSV file in UTF-8"),
    ],
)
def test_wrong_tables(tmp_path: Path, table: bytes, message: str) -> None:
    (tmp_path / "labels.csv").write_bytes(table)
    with pytest.raises(InvalidInput, match=message):
        read_source(tmp_path)


def test_folders_without_classes(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"neither a labels\.csv nor pictures"):
        read_source(tmp_path)
    paint(tmp_path / "loose.png", (1, 1, 1))
    with pytest.raises(InvalidInput, match="1 pictures lie in no folder of a class"):
        read_source(tmp_path)
    with pytest.raises(InvalidInput, match="neither a folder nor a file"):
        read_source(tmp_path / "nowhere")
