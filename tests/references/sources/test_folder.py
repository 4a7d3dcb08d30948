"""Folders of classes and tables of pictures."""

from pathlib import Path

import pytest

from hikari_serve.drawing.cases import draw_set
from hikari_serve.errors import InvalidInput
from hikari_serve.references.sources.folder import AGAIN, LOOSE, NAMELESS, NO_PICTURE, read_source
from hikari_serve.references.sources.listing import Entry, LeftOut, Row
from tests.references.sources.pictures import paint


def test_a_folder_for_each_class(tmp_path: Path) -> None:
    first = paint(tmp_path / "Psoriasis" / "b.PNG", (1, 2, 3))
    deep = paint(tmp_path / "acne vulgaris" / "face" / "a.jpg", (4, 5, 6))
    paint(tmp_path / ".cache" / "c.png", (7, 8, 9))
    paint(tmp_path / "Psoriasis" / ".ipynb_checkpoints" / "old" / "b.png", (7, 8, 9))
    loose = paint(tmp_path / "loose.png", (1, 1, 1))
    notes = tmp_path / "Psoriasis" / "notes.txt"
    notes.write_text("no picture")
    (tmp_path / "Psoriasis" / ".DS_Store").write_text("of the system")
    listing = read_source(tmp_path)
    assert listing.entries == [
        Entry("Psoriasis/b.PNG", first, "Psoriasis", row=Row(first)),
        Entry("acne vulgaris/face/a.jpg", deep, "acne vulgaris", row=Row(deep)),
    ]
    assert listing.root == tmp_path
    assert listing.left_out == [LeftOut(Row(notes), NO_PICTURE), LeftOut(Row(loose), LOOSE)]


def test_linked_folders_are_read_like_others(tmp_path: Path) -> None:
    source = tmp_path / "source"
    paint(source / "acne" / "b" / "own.png", (1, 2, 3))
    paint(tmp_path / "ward" / "deep" / "there.png", (4, 5, 6))
    (source / "acne" / "a").symlink_to(source / "acne" / "b")
    (source / "acne" / "ward").symlink_to(tmp_path / "ward")
    (source / "psoriasis").symlink_to(tmp_path / "ward" / "deep")
    listing = read_source(source)
    assert [(entry.id, entry.label) for entry in listing.entries] == [
        ("acne/b/own.png", "acne"),
        ("acne/ward/deep/there.png", "acne"),
        ("psoriasis/there.png", "psoriasis"),
    ]
    assert listing.left_out == [LeftOut(Row(source / "acne" / "a"), AGAIN)]


def test_links_that_lead_back_end(tmp_path: Path) -> None:
    paint(tmp_path / "acne" / "face" / "a.png", (1, 2, 3))
    (tmp_path / "acne" / "face" / "up").symlink_to(tmp_path / "acne")
    (tmp_path / "acne" / "self").symlink_to(tmp_path / "acne" / "self")
    listing = read_source(tmp_path)
    assert [entry.id for entry in listing.entries] == ["acne/face/a.png"]
    assert listing.left_out == [
        LeftOut(Row(tmp_path / "acne" / "face" / "up"), AGAIN),
        LeftOut(Row(tmp_path / "acne" / "self"), NO_PICTURE),
    ]


def test_endings_that_browsers_and_phones_give(tmp_path: Path) -> None:
    (tmp_path / "acne").mkdir()
    for name in ("a.jfif", "b.jpe", "c.JPEG", "d.heic", "e.avif"):
        (tmp_path / "acne" / name).write_bytes(b"read later")
    listing = read_source(tmp_path)
    assert [entry.id for entry in listing.entries] == [
        "acne/a.jfif", "acne/b.jpe", "acne/c.JPEG", "acne/d.heic", "acne/e.avif",
    ]  # fmt: skip
    assert listing.left_out == []


def test_folders_that_divide_a_data_set(tmp_path: Path) -> None:
    paint(tmp_path / "train" / "acne" / "a.png", (1, 2, 3))
    paint(tmp_path / "Val" / "acne" / "b.png", (4, 5, 6))
    with pytest.raises(InvalidInput, match=r"divided into `Val`, `train`, .* no diseases: name"):
        read_source(tmp_path)
    assert [entry.label for entry in read_source(tmp_path / "train").entries] == ["acne"]


def test_the_table_that_demo_draw_writes(tmp_path: Path) -> None:
    draw_set(2, seed=7, out=tmp_path)
    for source in (tmp_path, tmp_path / "labels.csv"):
        entries = read_source(source).entries
        assert [entry.id for entry in entries] == ["00000.png", "00001.png"]
        assert [entry.label for entry in entries] == ["acne_vulgaris", "atopic_dermatitis"]
        assert all(entry.picture.is_file() and entry.caption for entry in entries)


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    text = '\ufefffile,label,id,source,age\r\n a/b.png ,"nevus, blue",7,clinic,40\r\nc.png,acne\r\n'
    table = tmp_path / "mine.csv"
    table.write_text(text, encoding="utf-8")
    assert read_source(table).entries == [
        Entry("7", tmp_path / "a" / "b.png", "nevus, blue", "", "clinic", row=Row(table, 2)),
        Entry("c.png", tmp_path / "c.png", "acne", row=Row(table, 3)),
    ]


def test_pictures_that_a_table_names_in_other_ways(tmp_path: Path) -> None:
    isic = paint(tmp_path / "ISIC_0000001.jpg", (1, 2, 3))
    paint(tmp_path / "two.png", (1, 2, 3))
    paint(tmp_path / "two.jpg", (1, 2, 3))
    deep = paint(tmp_path / "a" / "b.png", (4, 5, 6))
    table = tmp_path / "labels.csv"
    table.write_text(
        "file,label\nISIC_0000001,acne\ntwo,acne\na\\b.png,acne\n./a/b.png,acne\n,acne\n"
    )
    listing = read_source(table)
    assert [(entry.id, entry.picture) for entry in listing.entries] == [
        ("ISIC_0000001.jpg", isic),
        ("two", tmp_path / "two"),  # which of the two, nobody knows
        ("a/b.png", deep),
        ("a/b.png", deep),
    ]
    assert listing.left_out == [LeftOut(Row(table, 6), NAMELESS)]


def test_ids_say_nothing_of_the_folders_above(tmp_path: Path) -> None:
    inside = paint(tmp_path / "source" / "a.png", (1, 2, 3))
    outside = paint(tmp_path / "b.png", (1, 2, 3))
    table = inside.with_name("labels.csv")
    table.write_text(f"file,label\n{inside},acne\n{outside},acne\n")
    assert [entry.id for entry in read_source(table).entries] == ["a.png", "../b.png"]


def test_tables_without_what_is_needed(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,illness\na,b\n")
    with pytest.raises(InvalidInput, match="no column `disease` or `label`"):
        read_source(tmp_path)


def test_folders_without_classes(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"neither a labels\.csv nor pictures"):
        read_source(tmp_path)
    paint(tmp_path / "loose.png", (1, 1, 1))
    with pytest.raises(InvalidInput, match="1 pictures lie in no folder of a class"):
        read_source(tmp_path)
    with pytest.raises(InvalidInput, match="neither a folder nor a file"):
        read_source(tmp_path / "nowhere")
