"""Builds an index of reference cases: complete in a folder beside it, then put in its place."""

import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from hikari_serve.errors import InvalidInput
from hikari_serve.references.alone import alone
from hikari_serve.references.embedding import CaseEmbedder, Embed, EmbedTexts, OnBad
from hikari_serve.references.journal import Embedded, Journal
from hikari_serve.references.manifest import (
    CASES,
    EMBEDDINGS,
    MANIFEST,
    TENSOR,
    TEXT_TENSOR,
    EncoderInfo,
    Fingerprint,
    Manifest,
    index_digest,
)
from hikari_serve.references.store import Case, CaseStore
from hikari_serve.references.typicality import distribution, nearest_distances

_JOURNAL, _FRESH, _OLD = "embeddings.sqlite", "fresh", "old"


def build(
    cases: Iterable[Case],
    embed: Embed,
    encoder: EncoderInfo,
    out: Path,
    batch: int = 32,
    progress: Callable[[int], None] | None = None,
    *,
    embed_texts: EmbedTexts | None = None,
    known: Iterable[Embedded] = (),
    on_bad: OnBad | None = None,
) -> Manifest:
    """Builds an index, in place of the one that `out` may hold.

    The same cases and embeddings give the same digest and the same embeddings file, in whatever
    order the cases come. A build that ends early leaves its finished embeddings in a folder
    beside `out`, and the next one with the same encoder goes on from there.

    Args:
        cases: Read once, `batch` at a time.
        embed: The encoder, with the preprocessing that `encoder` names.
        encoder: What queries are compared with when the index is opened.
        out: Folder of the index.
        batch: How many pictures `embed` gets at once.
        progress: Called after each batch with the number of cases done so far.
        embed_texts: The encoder of words, if `encoder` names one.
        known: Embeddings that were made before, by the same encoder.
        on_bad: Hears of cases whose picture cannot be read, which are then left out; without it
            such a case ends the build.

    Raises:
        InvalidInput: There are no cases, an id comes twice, a picture cannot be read, `out`
            holds something else, or another build is at it.
        EngineFailed: The encoder did not give one finite vector a picture.
        OSError: The index cannot be written, as on a full disk.
    """
    with alone(out):
        restore(out)
        return rebuild(
            cases,
            embed,
            encoder,
            out,
            batch,
            progress,
            embed_texts=embed_texts,
            known=known,
            on_bad=on_bad,
        )


def rebuild(
    cases: Iterable[Case],
    embed: Embed,
    encoder: EncoderInfo,
    out: Path,
    batch: int = 32,
    progress: Callable[[int], None] | None = None,
    *,
    embed_texts: EmbedTexts | None = None,
    known: Iterable[Embedded] = (),
    on_bad: OnBad | None = None,
) -> Manifest:
    """Builds an index as `build`, for one who is `alone` with it and has called `restore`."""
    if out.exists() and not (out / MANIFEST).is_file():
        raise InvalidInput(f"{out} exists and is no reference index; name another folder")
    work = _workplace(out)
    work.mkdir(parents=True, exist_ok=True)
    with _written(work), closing(Journal.open(work / _JOURNAL, encoder)) as journal:
        try:
            journal.put(known)
            fresh = work / _FRESH
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir()
            embedder = CaseEmbedder(embed, embed_texts, journal, on_bad)
            manifest = _write(cases, embedder, encoder, fresh, batch, progress)
            if out.exists():
                # A folder cannot be exchanged in one step; see `restore`.
                out.rename(work / _OLD)
            fresh.rename(out)
        except BaseException:
            shutil.rmtree(work / _FRESH, ignore_errors=True)
            if not len(journal):
                shutil.rmtree(work)
            raise
    shutil.rmtree(work)
    return manifest


@contextmanager
def _written(work: Path) -> Iterator[None]:
    """Says where writing failed, and what to do: a full disk's errors name neither."""
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise
        raise OSError(
            f"the index cannot be written in {work}: {error}; what is embedded is kept there, so "
            "make room and give the same command again"
        ) from error


def restore(out: Path) -> None:
    """Tidies up after a build that was killed while it put the index in its place.

    Only for one who is `alone` with the index: a build that goes on looks like a killed one.
    """
    old = _workplace(out) / _OLD
    if old.is_dir() and out.exists():
        shutil.rmtree(_workplace(out))
    elif old.is_dir():
        old.rename(out)


def _workplace(out: Path) -> Path:
    return out.parent / f".{out.name}.building"


def _write(
    cases: Iterable[Case],
    embedder: CaseEmbedder,
    encoder: EncoderInfo,
    folder: Path,
    batch: int,
    progress: Callable[[int], None] | None,
) -> Manifest:
    fingerprints: list[Fingerprint] = []
    images: list[NDArray[np.float32]] = []
    texts: list[NDArray[np.float32]] = []
    remaining = iter(cases)
    done = 0
    with closing(CaseStore.create(folder / CASES)) as store:
        while chunk := list(islice(remaining, batch)):
            rows = embedder(chunk)
            fingerprints += [store.add(case) for case in rows.cases]
            images += rows.images
            texts += rows.texts or []
            done += len(chunk)
            if progress is not None:
                progress(done)
    if not images:
        raise InvalidInput("there are no reference cases to build an index of")
    order = sorted(range(len(fingerprints)), key=lambda row: fingerprints[row].id)
    tensors = {TENSOR: np.stack(images)[order]}
    if encoder.text is not None:
        tensors[TEXT_TENSOR] = np.stack(texts)[order]
    # not `save_file`, whose file only its owner may read
    (folder / EMBEDDINGS).write_bytes(save(tensors))
    sorted_cases = [fingerprints[row] for row in order]
    manifest = Manifest(
        encoder=encoder,
        count=len(order),
        dim=tensors[TENSOR].shape[1],
        digest=index_digest(sorted_cases, tensors[TENSOR], tensors.get(TEXT_TENSOR)),
        nearest=distribution(nearest_distances(tensors[TENSOR])),
    )
    manifest.write(folder)
    return manifest
