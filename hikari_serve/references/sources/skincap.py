"""The user's own copy of SkinCAP, which may be used for research and must not be passed on."""

from collections.abc import Sequence
from pathlib import Path

from hikari_serve.errors import InvalidInput
from hikari_serve.references.sources.folder import rows
from hikari_serve.references.sources.listing import Entry, Listing
from hikari_serve.references.sources.splits import exclude_validation, find_splits, picture_name

TABLES = "skincap*.csv"
PICTURES = "skincap"
CAPTION = "caption_zh_polish_en"
COLUMNS = ("id", "skincap_file_path", "disease", CAPTION)
DOUBTED = "Do not consider this image"

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
    entries, unfinished, doubted = [], 0, 0
    for row in rows(tables[-1], COLUMNS):
        if not all(row[name] for name in COLUMNS):
            unfinished += 1
            continue
        doubted += row.get(DOUBTED, "").lower() in ("1", "1.0", "true", "yes")
        origin = f" from {row['source']}" if row.get("source") else ""
        entries.append(
            Entry(
                id=f"skincap-{row['id']}",
                picture=folder / PICTURES / picture_name(row["skincap_file_path"]),
                label=row["disease"],
                caption=row[CAPTION],
                source=f"SkinCAP {row['id']}{origin}; CC BY-NC-SA 4.0, not to be passed on",
            )
        )
    listing = Listing(entries, names=NAMES)
    if unfinished:
        listing.excluded["without picture, disease or English caption"] = unfinished
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
