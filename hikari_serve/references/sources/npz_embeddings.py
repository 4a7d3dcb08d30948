"""The embeddings in the authors' index files, and whether they may be used."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hikari_serve.errors import InvalidInput
from hikari_serve.pictures.decode import PictureLimits, open_image
from hikari_serve.pictures.view import content_hash
from hikari_serve.references.encoding import CaseEncoder
from hikari_serve.references.journal import Embedded
from hikari_serve.references.sources.collection import Collection
from hikari_serve.references.sources.npz import NpzIndex

COMPARED = 8
"""Pictures that are embedded anew before a file's embeddings are trusted."""
SAME = 0.999
"""Cosine similarity from which two embeddings of a picture are the same but for arithmetic."""


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
        made = encoder.images([open_image(data, PictureLimits()) for _, data in contents])
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
