"""The index files of the authors' scripts (`rag_index_*.npz`), read without pickle."""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hikari_serve.errors import InvalidInput
from hikari_serve.image import Limits, content_hash, open_image
from hikari_serve.references.encoding import CaseEncoder
from hikari_serve.references.journal import Embedded
from hikari_serve.references.sources.collection import Collection
from hikari_serve.references.sources.listing import Entry, Listing
from hikari_serve.references.sources.skincap import NAMES
from hikari_serve.references.sources.splits import exclude_validation

COMPARED = 8
"""Pictures that are embedded anew before a file's embeddings are trusted."""
SAME = 0.999
"""Cosine similarity from which two embeddings of a picture are the same but for arithmetic."""

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
        parts = PureWindowsPath(path).parts
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
            )
        )
    listing = Listing(entries, names=NAMES)
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


def _find(images: Path, parts: tuple[str, ...]) -> Path:
    """The picture below `images`, under its whole path or, failing that, the end of it."""
    inside = [part for part in parts if part != ".." and not PureWindowsPath(part).anchor]
    ends = [images.joinpath(*inside[start:]) for start in range(len(inside))]
    return next((end for end in ends if end.is_file()), images.joinpath(*inside))


def usable(
    npz: NpzIndex, collection: Collection, encoder: CaseEncoder, hub: str
) -> Iterator[Embedded]:
    """The file's embeddings, where they are what this encoder makes; else none.

    The file names its encoder, but neither its weights nor what was done to the pictures, so a
    few pictures are embedded and compared. What was decided becomes a note of the report.

    Args:
        npz: The file.
        collection: The cases that were taken of it.
        encoder: What the index is built with.
        hub: The hub's name of that encoder's weights.
    """
    if npz.encoder != hub:
        collection.report.notes.append(
            f"the file's embeddings are not used: they come from '{npz.encoder or 'unknown'}', "
            f"and this index from '{hub or encoder.info.name}'"
        )
        return
    contents = [(entry, entry.picture.read_bytes()) for entry in collection.entries[:COMPARED]]
    try:
        made = encoder.images([open_image(data, Limits()) for _, data in contents])
    except InvalidInput:
        made = np.zeros((0, 0), dtype=np.float32)
    stored = [npz.embeddings[entry.id] for entry, _ in contents]
    if len(made) != len(stored) or not all(map(_alike, made, stored)):
        collection.report.notes.append(
            f"the file's embeddings are not used: embedded anew, not all of {len(stored)} pictures "
            f"come out the same (cosine of at least {SAME:g})"
        )
        return
    collection.report.notes.append(
        f"the file's embeddings are used: embedded anew, {len(stored)} of {len(stored)} pictures "
        f"come out the same (cosine of at least {SAME:g})"
    )
    for entry in collection.entries:
        row = npz.embeddings[entry.id]
        length = np.linalg.norm(row)
        if 0 < length < np.inf:
            content = content_hash(entry.picture.read_bytes())
            yield Embedded("image", content, (row / length).astype(np.float32))


def _alike(made: NDArray[np.float32], stored: NDArray[np.float32]) -> bool:
    if made.shape != stored.shape:
        return False
    return bool(made @ stored >= SAME * np.linalg.norm(stored) * np.linalg.norm(made))
