"""The index files of the authors' scripts (`rag_index_*.npz`), read without pickle."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hikari_serve.errors import InvalidInput
from hikari_serve.references.sources.listing import Entry, Listing, Row
from hikari_serve.references.sources.skincap import NAMES
from hikari_serve.references.sources.splits import exclude_validation

_CONVERSION = (
    "python -c \"import numpy as np; d = np.load('OLD.npz', allow_pickle=True); "
    "np.savez('NEW.npz', **{k: d[k].astype(str) if d[k].dtype == object else d[k] for k in d})\""
)


@dataclass(frozen=True, slots=True)
class NpzIndex:
    """What an index file holds.

    Attributes:
        listing: Its cases.
        embeddings: Those of the pictures by the cases' ids, float32 [dim], of any length.
        encoder: The hub's name of what made them; empty in files of the first kind.
    """

    listing: Listing
    embeddings: dict[str, NDArray[np.float32]]
    encoder: str


def read_npz(file: Path, images: Path, splits: Sequence[Path] = ()) -> NpzIndex:
    r"""Reads an index file.

    Args:
        file: Its path.
        images: The folder that the file's paths (`SkinCAP\skincap\292.png`) are relative to.
        splits: Split files whose validation pictures are left out.

    Raises:
        InvalidInput: It is no such file, holds Python objects, or its arrays do not fit together.
    """
    arrays = _arrays(file)
    key = "img_embs" if "img_embs" in arrays else "embeddings"
    for name in (key, "labels", "paths"):
        if name not in arrays:
            raise InvalidInput(f"{file} has no array `{name}`; it has {', '.join(sorted(arrays))}")
    paths, embeddings = arrays["paths"], arrays[key]
    captions = arrays.get("captions", np.full(len(paths), ""))
    arrays |= {"captions": captions}
    counts = {name: len(arrays[name]) for name in (key, "labels", "paths", "captions")}
    if len(set(counts.values())) != 1 or embeddings.ndim != 2:
        said = ", ".join(f"{count} {name}" for name, count in counts.items())
        raise InvalidInput(f"{file}: the arrays do not fit together: {said}")
    entries = []
    rows = {}
    for row, path in enumerate(map(str, paths)):
        parts = [part for part in PureWindowsPath(path).parts if not PureWindowsPath(part).anchor]
        case_id = "/".join(parts)
        rows[case_id] = embeddings[row].astype(np.float32)
        caption = str(captions[row])
        entries.append(
            Entry(
                id=case_id,
                picture=_find(images, parts),
                label=str(arrays["labels"][row]),
                caption="" if caption in ("None", "nan") else caption,
                source=f"{file.name}: {path}",
                row=Row(file),
            )
        )
    listing = Listing(entries, images, names=NAMES)
    if splits:
        exclude_validation(listing, splits)
    else:
        listing.notes.append(
            "no split file was named, so nothing is left out; a file named `all` holds the "
            "authors' validation pictures too"
        )
    return NpzIndex(listing, rows, str(arrays.get("img_encoder", "")))


def _arrays(file: Path) -> dict[str, NDArray[Any]]:
    if not zipfile.is_zipfile(file):
        raise InvalidInput(f"{file} is no .npz file")
    try:
        with np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise InvalidInput(f"{file} is damaged: {error}") from error
        raise InvalidInput(
            f"{file} holds Python objects, and to read them would run whatever code is in the "
            f"file; if you trust where it comes from, convert it once: {_CONVERSION}"
        ) from error
    except (zipfile.BadZipFile, EOFError) as error:
        raise InvalidInput(f"{file} is damaged: {error}") from error


def _find(images: Path, parts: Sequence[str]) -> Path:
    """The picture below `images`, under its whole path or, failing that, the end of it."""
    inside = [part for part in parts if part != ".."]
    ends = [images.joinpath(*inside[start:]) for start in range(len(inside))]
    return next((end for end in ends if end.is_file()), images.joinpath(*inside))
