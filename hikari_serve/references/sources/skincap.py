"""The user's own copy of SkinCAP, which may be used for research and must not be passed on."""

from collections.abc import Sequence
from pathlib import Path

from hikari_serve.errors import InvalidInput
from hikari_serve.references.sources.listing import Entry, LeftOut, Listing
from hikari_serve.references.sources.splits import exclude_validation, find_splits, picture_name
from hikari_serve.references.sources.table import read_table

TABLES = "skincap*.csv"
PICTURES = "skincap"
CAPTION = "caption_zh_polish_en"
COLUMNS = ("id", "skincap_file_path", "disease", CAPTION)
DOUBTED = "Do not consider this image"
UNFINISHED = "rows without picture, disease or English caption"

NAMES = {
    "squamous cell carcinoma": "squamous cell carcinoma in situ",
    "basal cell carcinoma morpheiform": "basal cell carcinoma",
    "basal cell carcinoma nodular": "basal cell carcinoma",
    "basal cell carcinoma superficial": "basal cell carcinoma",
    "solid cystic basal cell carcinoma": "basal cell carcinoma",
}
"""Diseases of SkinCAP that the weights were trained to call by another name. The first changes
the meaning: the label `squamous cell carcinoma in situ` mostly stands for invasive carcinoma."""


def read_skincap(
    folder: Path, splits: Sequence[Path] = (), *, with_validation: bool = False
) -> Listing:
    """Reads SkinCAP's table and finds its pictures.

    Args:
        folder: With `skincap_v240623.csv` and the pictures in the folder `skincap`.
        splits: The authors' split files, besides those that lie in the folder.
        with_validation: Whether to take the pictures of the validation split too.

    Raises:
        InvalidInput: This is not SkinCAP's layout, or a split file is none.
    """
    tables = sorted(folder.glob(TABLES))
    if not tables:
        raise InvalidInput(
            f"{folder} has no {TABLES}: name the folder of SkinCAP that holds it and the pictures "
            f"in `{PICTURES}`"
        )
    table = read_table(tables[-1], COLUMNS)
    listing = Listing([], folder, names=NAMES, left_out=table.left_out)
    doubted = 0
    for row, values in table.rows:
        if not all(values[name] for name in COLUMNS):
            listing.left_out.append(LeftOut(row, UNFINISHED))
            continue
        doubted += values.get(DOUBTED, "").lower() in ("1", "1.0", "true", "yes")
        origin = f" from {values['source']}" if values.get("source") else ""
        listing.entries.append(
            Entry(
                id=f"skincap-{values['id']}",
                picture=folder / PICTURES / picture_name(values["skincap_file_path"]),
                label=values["disease"],
                caption=values[CAPTION],
                source=f"SkinCAP {values['id']}{origin}; CC BY-NC-SA 4.0, not to be passed on",
                row=row,
            )
        )
    if doubted:
        listing.notes.append(
            f"{doubted} rows are marked `{DOUBTED}`; they are in, as in the authors' index"
        )
    found = [*find_splits(folder), *splits]
    if with_validation:
        listing.notes.append(
            "the validation split is in: an evaluation on it would find its own pictures"
        )
    elif found:
        exclude_validation(listing, found)
    else:
        listing.notes.append(
            "no split file was found, so no validation split is left out: name the authors' "
            "split_info_*.json by --split before you evaluate on SkinCAP pictures"
        )
    return listing
