"""Builds an index of reference cases: complete in a folder beside it, then put in its place."""

from collections.abc import Callable, Iterable
from contextlib import closing
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from safetensors.numpy import save

from hikari_serve.errors import EngineFailed, InvalidInput
from hikari_serve.image import Limits, open_image
from hikari_serve.references.manifest import (
    CASES,
    EMBEDDINGS,
    MANIFEST,
    TENSOR,
    EncoderInfo,
    Fingerprint,
    Manifest,
    index_digest,
)
from hikari_serve.references.store import Case, CaseStore

Embed = Callable[[list[Image.Image]], NDArray[np.float32]]
"""Turns upright RGB pictures into embeddings [n, dim] of any length."""


def build(
    cases: Iterable[Case],
    embed: Embed,
    encoder: EncoderInfo,
    out: Path,
    batch: int = 32,
    progress: Callable[[int], None] | None = None,
) -> Manifest:
    """Builds an index, in place of the one that `out` may hold.

    The same cases and embeddings give the same digest and the same embeddings file, in whatever
    order the cases come.

    Args:
        cases: Read once, `batch` at a time.
        embed: The encoder, with the preprocessing that `encoder` names.
        encoder: What queries are compared with when the index is opened.
        out: Folder of the index.
        batch: How many pictures `embed` gets at once.
        progress: Called after each batch with the number of cases done so far.

    Raises:
        InvalidInput: There are no cases, an id comes twice, a picture cannot be read, or `out`
            holds something else.
        EngineFailed: The encoder did not give one finite vector a picture.
    """
    if out.exists() and not (out / MANIFEST).is_file():
        raise InvalidInput(f"{out} exists and is no reference index; name another folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as scratch:
        fresh = Path(scratch, "fresh")
        fresh.mkdir()
        manifest = _write(cases, embed, encoder, fresh, batch, progress)
        if out.exists():
            # A folder cannot be exchanged in one step; the old one goes when `scratch` does.
            out.rename(Path(scratch, "old"))
        fresh.rename(out)
    return manifest


def _write(
    cases: Iterable[Case],
    embed: Embed,
    encoder: EncoderInfo,
    folder: Path,
    batch: int,
    progress: Callable[[int], None] | None,
) -> Manifest:
    fingerprints: list[Fingerprint] = []
    rows: list[NDArray[np.float32]] = []
    remaining = iter(cases)
    with closing(CaseStore.create(folder / CASES)) as store:
        while chunk := list(islice(remaining, batch)):
            fingerprints += [store.add(case) for case in chunk]
            rows.append(_embed(chunk, embed))
            if progress is not None:
                progress(len(fingerprints))
    if not rows:
        raise InvalidInput("there are no reference cases to build an index of")
    order = sorted(range(len(fingerprints)), key=lambda row: fingerprints[row].id)
    embeddings = np.concatenate(rows)[order]
    # not `save_file`, whose file only its owner may read
    (folder / EMBEDDINGS).write_bytes(save({TENSOR: embeddings}))
    manifest = Manifest(
        encoder=encoder,
        count=embeddings.shape[0],
        dim=embeddings.shape[1],
        digest=index_digest([fingerprints[row] for row in order], embeddings),
    )
    manifest.write(folder)
    return manifest


def _embed(cases: list[Case], embed: Embed) -> NDArray[np.float32]:
    """Embeds the pictures of these cases: float32 [len(cases), dim], rows of length 1."""
    vectors = embed([_open(case) for case in cases]).astype(np.float32)
    if vectors.ndim != 2 or len(vectors) != len(cases):
        raise EngineFailed(
            f"the encoder gave embeddings of shape {vectors.shape} for {len(cases)} pictures"
        )
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    for case, length in zip(cases, lengths[:, 0], strict=True):
        if not 0.0 < length < np.inf:
            raise EngineFailed(f"the encoder's embedding of case '{case.id}' is zero or not finite")
    unit: NDArray[np.float32] = vectors / lengths
    return unit


def _open(case: Case) -> Image.Image:
    try:
        return open_image(case.image, Limits())
    except InvalidInput as error:
        raise type(error)(f"reference case '{case.id}': {error.message}") from error
