"""Labels are matched and never guessed, pictures taken once."""

from pathlib import Path

from hikari_serve.errors import BadImage
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.pictures.view import content_hash
from hikari_serve.references.sources.collection import collect
from hikari_serve.references.sources.listing import Entry, Listing
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
    found = collect(Listing(entries), SKINCAP, step=lambda: steps.append(None))
    assert [each.label for each in found.entries] == [
        "psoriasis", "acne_vulgaris", "basal_cell_carcinoma",
    ]  # fmt: skip
    assert found.report.unmatched == {"bullous pemphigoid": 2, "psoriasis or acne": 1}
    assert found.report.labels.total() == 3
    assert len(steps) == 6
    assert [case.label for case in found.cases()] == [each.label for each in found.entries]


def test_without_a_set_words_stand_as_they_are(tmp_path: Path) -> None:
    entries = [entry(tmp_path, "a", "Rosacea", 1), entry(tmp_path, "b", "", 2)]
    found = collect(Listing(entries), None)
    assert [each.label for each in found.entries] == ["Rosacea"]
    assert found.report.unmatched == {"": 1}


def test_names_of_a_source(tmp_path: Path) -> None:
    names = {"bcc superficial": "basal cell carcinoma"}
    entries = [entry(tmp_path, "a", "BCC-Superficial", 1)]
    assert collect(Listing(entries), SKINCAP).entries == []
    (found,) = collect(Listing(entries, names), SKINCAP).entries
    assert found.label == "basal_cell_carcinoma"


def test_equal_pictures_are_taken_once(tmp_path: Path) -> None:
    entries = [
        entry(tmp_path, "b", "psoriasis", 1),
        entry(tmp_path, "a", "psoriasis", 1),
        entry(tmp_path, "c", "acne", 2),
        entry(tmp_path, "d", "psoriasis", 2),
        entry(tmp_path, "e", "acne", 3),
    ]
    held = [(content_hash(entries[4].picture.read_bytes()), "old")]
    found = collect(Listing(entries), SKINCAP, held=held)
    assert [each.id for each in found.entries] == ["a"]
    assert found.report.duplicates == {"b": "a", "e": "old"}
    assert found.report.contradictions == [["c", "d"]]


def test_missing_and_unreadable_pictures(tmp_path: Path) -> None:
    there = entry(tmp_path, "a", "psoriasis", 1)
    gone = Entry("b", tmp_path / "b.png", "psoriasis")
    found = collect(Listing([there, gone]), SKINCAP)
    assert found.report.missing == [str(gone.picture)]
    found.report.bad(Case("a", b"", "psoriasis"), BadImage("it is torn"))
    assert found.report.unreadable == {"a": "it is torn"}
    assert found.report.labels == {}
