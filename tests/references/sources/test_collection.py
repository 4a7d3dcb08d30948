"""Labels are matched and never guessed, pictures taken once."""

import os
from pathlib import Path

import pytest

from hikari_serve.errors import BadImage
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.pictures.view import content_hash
from hikari_serve.references.manifest import Fingerprint
from hikari_serve.references.sources.collection import (
    CONTRADICTION,
    DUPLICATE,
    MISSING,
    OUTSIDE,
    UNMATCHED,
    UNNAMED,
    UNREADABLE,
    collect,
)
from hikari_serve.references.sources.folder import read_source
from hikari_serve.references.sources.listing import Entry, LeftOut, Listing, Row
from hikari_serve.references.store import Case
from tests.references.sources.pictures import paint

SKINCAP = LabelSet.shipped("skincap")


def entry(folder: Path, name: str, label: str, shade: int) -> Entry:
    return Entry(name, paint(folder / f"{name}.png", (shade, 0, 0)), label)


def test_words_become_labels_or_are_listed(tmp_path: Path) -> None:
    words = ["Psoriasis", "acne", "basal-cell-carcinoma", "bullous pemphigoid", "psoriasis or acne"]
    entries = [entry(tmp_path, f"{n}", label, n) for n, label in enumerate(words)]
    entries.append(entry(tmp_path, "9", "bullous pemphigoid", 9))
    steps: list[None] = []
    found = collect(Listing(entries, tmp_path), SKINCAP, step=lambda: steps.append(None))
    assert [each.label for each in found.entries] == [
        "psoriasis", "acne_vulgaris", "basal_cell_carcinoma",
    ]  # fmt: skip
    assert [each[1:] for each in found.report.left_out] == [
        (UNMATCHED, "'bullous pemphigoid'"),
        (UNMATCHED, "'psoriasis or acne'"),
        (UNMATCHED, "'bullous pemphigoid'"),
    ]
    assert found.report.labels.total() == 3
    assert len(steps) == 6
    assert [case.label for case in found.cases()] == [each.label for each in found.entries]


def test_without_a_set_words_stand_as_they_are(tmp_path: Path) -> None:
    entries = [entry(tmp_path, "a", "Rosacea", 1), entry(tmp_path, "b", "", 2)]
    found = collect(Listing(entries, tmp_path), None)
    assert [each.label for each in found.entries] == ["Rosacea"]
    assert found.report.reasons() == {UNMATCHED: 1}


def test_names_of_a_source(tmp_path: Path) -> None:
    names = {"bcc superficial": "basal cell carcinoma"}
    entries = [entry(tmp_path, "a", "BCC-Superficial", 1)]
    assert collect(Listing(entries, tmp_path), SKINCAP).entries == []
    (found,) = collect(Listing(entries, tmp_path, names), SKINCAP).entries
    assert found.label == "basal_cell_carcinoma"


def test_equal_pictures_are_taken_once(tmp_path: Path) -> None:
    entries = [
        entry(tmp_path, "b", "psoriasis", 1),
        entry(tmp_path, "a", "psoriasis", 1),
        entry(tmp_path, "c", "acne", 2),
        entry(tmp_path, "d", "psoriasis", 2),
        entry(tmp_path, "e", "acne", 3),
    ]
    held = [Fingerprint("old", "acne_vulgaris", "", content_hash(entries[4].picture.read_bytes()))]
    found = collect(Listing(entries, tmp_path), SKINCAP, held=held)
    assert [each.id for each in found.entries] == ["a"]
    assert [(reason, detail) for _, reason, detail in found.report.left_out] == [
        (DUPLICATE, "b is a"),
        (CONTRADICTION, "c is acne_vulgaris"),
        (CONTRADICTION, "d is psoriasis"),
        (DUPLICATE, "e is old"),
    ]


def test_a_picture_that_is_held_as_another_disease_is_a_contradiction(tmp_path: Path) -> None:
    entries = [entry(tmp_path, "a", "acne", 1), entry(tmp_path, "b", "psoriasis", 1)]
    held = [Fingerprint("old", "psoriasis", "", content_hash(entries[0].picture.read_bytes()))]
    found = collect(Listing(entries, tmp_path), SKINCAP, held=held)
    assert found.entries == []
    assert [each[1:] for each in found.report.left_out] == [
        (CONTRADICTION, "a is acne_vulgaris, and old of the index is psoriasis"),
        (DUPLICATE, "b is old"),
    ]


def test_missing_and_unreadable_pictures(tmp_path: Path) -> None:
    there = entry(tmp_path, "a", "psoriasis", 1)
    table = tmp_path / "t.csv"
    gone = Entry("b", tmp_path / "b.png", "psoriasis", row=Row(table, 7))
    long = Entry("c", tmp_path / ("c" * 300), "psoriasis")
    found = collect(Listing([there, gone, long], tmp_path), SKINCAP)
    assert found.report.left_out == [
        LeftOut(Row(table, 7), MISSING, str(gone.picture)),
        LeftOut(long.row, MISSING, str(long.picture)),
    ]
    found.bad(Case("a", b"", "psoriasis"), BadImage("it is torn"))
    assert found.report.left_out[2:] == [LeftOut(there.row, UNREADABLE, "a: it is torn")]
    assert found.report.labels == {}


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / "acne").mkdir()
    try:
        paint(tmp_path / "acne" / os.fsdecode(b"caf\xe9.png"), (1, 2, 3))
    except OSError:
        pytest.skip("this system has no such names")
    found = collect(read_source(tmp_path), SKINCAP)
    assert [(each.reason, each.detail) for each in found.report.left_out] == [
        (UNNAMED, r"acne/caf\udce9.png")
    ]


def test_pictures_outside_of_the_source(tmp_path: Path) -> None:
    source = tmp_path / "source"
    inside = paint(source / "in.png", (1, 2, 3))
    outside = paint(tmp_path / "out.png", (4, 5, 6))
    (source / "link.png").symlink_to(outside)
    (source / "own.png").symlink_to(inside)
    (source / "loop.png").symlink_to(source / "loop.png")
    names = [
        "in.png",
        str(inside),
        "own.png",
        "../source/in.png",
        "../out.png",
        str(outside),
        "link.png",
    ]
    rows = "".join(f"{name},acne\n" for name in [*names, "loop.png"])
    (source / "labels.csv").write_text(f"file,label\n{rows}")
    found = collect(read_source(source), SKINCAP)
    assert {each.id for each in found.entries} == {"in.png"}
    assert found.report.reasons() == {DUPLICATE: 3, OUTSIDE: 3, MISSING: 1}
    taken = collect(read_source(source), SKINCAP, outside=True)
    assert sorted(each.id for each in taken.entries) == ["../out.png", "in.png"]


def test_a_folder_that_is_linked_from_outside_is_told(tmp_path: Path) -> None:
    paint(tmp_path / "source" / "acne" / "in.png", (1, 2, 3))
    paint(tmp_path / "ward" / "out.png", (4, 5, 6))
    (tmp_path / "source" / "acne" / "ward").symlink_to(tmp_path / "ward")
    listed = tmp_path / "source" / "acne" / "ward" / "out.png"
    found = collect(read_source(tmp_path / "source"), SKINCAP)
    assert found.report.left_out == [LeftOut(Row(listed), OUTSIDE, str(listed))]
    taken = collect(read_source(tmp_path / "source"), SKINCAP, outside=True)
    assert [each.id for each in taken.entries] == ["acne/in.png", "acne/ward/out.png"]
