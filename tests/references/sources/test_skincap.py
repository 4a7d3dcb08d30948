"""SkinCAP's layout, made up of drawings: SkinCAP itself may not be passed on."""

import csv
import json
from pathlib import Path

import pytest

from hikari_serve.drawing.cases import draw_cases
from hikari_serve.errors import InvalidInput
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.references.sources.collection import MISSING, collect
from hikari_serve.references.sources.listing import LeftOut, Row
from hikari_serve.references.sources.skincap import DOUBTED, UNFINISHED, read_skincap
from hikari_serve.references.sources.splits import EXCLUDED

COLUMNS = [
    "id", "skincap_file_path", "ori_file_path", "disease", "caption_zh", "caption_zh_polish",
    "caption_zh_polish_en", "remark", "source", "skin_tone", "malignant", DOUBTED,
]  # fmt: skip
DISEASES = ["psoriasis", "squamous cell carcinoma", "melanocytic-nevi", "lupus erythematosus"]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Eight rows; the pictures of the last two are missing, and one row has no caption."""
    (tmp_path / "skincap").mkdir()
    with (tmp_path / "skincap_v240623.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, COLUMNS, restval="")
        rows.writeheader()
        for number, drawing in enumerate(draw_cases(8, seed=7)):
            rows.writerow(
                {
                    "id": number,
                    "skincap_file_path": f"{number}.png",
                    "disease": DISEASES[number % 4],
                    "caption_zh": "皮肤",
                    "caption_zh_polish_en": "" if number == 3 else drawing.caption,
                    "source": "ddi",
                    DOUBTED: int(number == 1),
                }
            )
            if number < 6:
                drawing.image.save(tmp_path / "skincap" / f"{number}.png")
    return tmp_path


def write_split(path: Path, *validation: int) -> Path:
    names = [rf"SkinCAP\skincap\{number}.png" for number in validation]
    split = {"train_image_paths": [r"SkinCAP\skincap\1.png"], "val_image_paths": names}
    path.write_text(json.dumps(split))
    return path


def test_every_row_with_picture_disease_and_caption(copy: Path) -> None:
    listing = read_skincap(copy)
    assert [entry.id for entry in listing.entries] == [
        f"skincap-{n}" for n in (0, 1, 2, 4, 5, 6, 7)
    ]
    first = listing.entries[0]
    assert first.picture == copy / "skincap" / "0.png"
    assert first.caption.endswith("recommended.")
    assert first.source == "SkinCAP 0 from ddi; CC BY-NC-SA 4.0, not to be passed on"
    table = copy / "skincap_v240623.csv"
    assert first.row == Row(table, 2)
    assert listing.left_out == [LeftOut(Row(table, 5), UNFINISHED)]
    doubted, unsplit = listing.notes
    assert "1 rows are marked `Do not consider this image`" in doubted
    assert "--split" in unsplit


def test_the_labels_that_the_weights_were_trained_to_write(copy: Path) -> None:
    found = collect(read_skincap(copy), LabelSet.shipped("skincap"))
    assert [entry.label for entry in found.entries] == [
        "psoriasis", "sccis", "melanocytic_nevi", "psoriasis", "sccis",
    ]  # fmt: skip
    assert found.report.reasons() == {MISSING: 2, UNFINISHED: 1}


def test_the_validation_split_is_left_out(copy: Path, tmp_path: Path) -> None:
    write_split(copy / "split_info_3stage.json", 0, 4, 99)
    listing = read_skincap(copy)
    assert {"skincap-0", "skincap-4"} & {entry.id for entry in listing.entries} == set()
    left_out = [
        (each.row.line, each.detail) for each in listing.left_out if each.reason == EXCLUDED
    ]
    assert left_out == [(2, "skincap-0"), (6, "skincap-4")]
    # what any split was evaluated on is out, whatever another trained with
    other = write_split(tmp_path / "other.json", 1)
    kept = {entry.id for entry in read_skincap(copy, [other]).entries}
    assert kept == {f"skincap-{n}" for n in (2, 5, 6, 7)}


def test_unless_it_is_wanted(copy: Path) -> None:
    write_split(copy / "split_info_3stage.json", 0, 4)
    listing = read_skincap(copy, with_validation=True)
    assert len(listing.entries) == 7
    assert "would find its own pictures" in listing.notes[-1]


@pytest.mark.parametrize("split", ["[]", "{}", '{"val_image_paths": [1]}', "{"])
def test_a_file_that_is_no_split(copy: Path, split: str) -> None:
    (copy / "split_info.json").write_text(split)
    with pytest.raises(InvalidInput, match=r"is no split file: .*`val_image_paths`"):
        read_skincap(copy)


def test_a_folder_that_is_no_skincap(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"has no skincap\*.csv"):
        read_skincap(tmp_path)
    (tmp_path / "skincap_v1.csv").write_text("id,disease\n")
    with pytest.raises(InvalidInput, match="no column `skincap_file_path`"):
        read_skincap(tmp_path)
