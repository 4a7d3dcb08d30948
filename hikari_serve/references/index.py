"""The index of reference cases: which of them look most like a picture, and what they are."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from hikari_serve.errors import ConfigError
from hikari_serve.references.embedding import text_hash
from hikari_serve.references.journal import Embedded
from hikari_serve.references.manifest import (
    CASES,
    EMBEDDINGS,
    TENSOR,
    TEXT_TENSOR,
    EncoderInfo,
    Fingerprint,
    Manifest,
    index_digest,
)
from hikari_serve.references.scoring import Query, rank
from hikari_serve.references.store import Case, CaseStore
from hikari_serve.references.typicality import PERCENTILES, distribution, nearest_distances

KEPT_BYTES = 64_000_000
"""About how much of the cases' file is kept at hand, by the mean size of a case."""

_REMEDY = "build it with `hikari index build`"


class Match(NamedTuple):
    """A case that was found.

    Attributes:
        case_id: The case.
        similarity: Cosine similarity of its picture to the query's, from -1 to 1.
        score: What ranked it: `similarity`, or a mean of it and the likeness of the words.
    """

    case_id: str
    similarity: float
    score: float


class Matches(NamedTuple):
    """What a search found.

    Attributes:
        best: The cases with the highest scores, the highest first.
        nearest: The largest `similarity` of any case that is not left out, be it among `best` or
            not; None if all are left out.
    """

    best: list[Match]
    nearest: float | None


class ReferenceIndex:
    """An opened index. Searching and reading are safe from several threads."""

    def __init__(
        self,
        manifest: Manifest,
        cases: Sequence[Fingerprint],
        embeddings: NDArray[np.float32],
        text: NDArray[np.float32] | None,
        store: CaseStore,
        size: int,
    ) -> None:
        """Args:
        manifest: What the folder says of itself.
        cases: Every case without its picture, sorted by id.
        embeddings: Of their pictures, [n, dim].
        text: Of their words, [n, dim of words], if the index compares them.
        store: The cases with their pictures.
        size: Bytes of the store's file.
        """
        self._manifest = manifest
        self._cases = tuple(cases)
        self._contents = np.array([case.image_sha256 for case in cases])
        self._embeddings = embeddings
        self._text = text
        self._store = store
        self._case = lru_cache(max(1, KEPT_BYTES * len(self._cases) // size))(store.get)

    @classmethod
    def open(cls, folder: Path, encoder: EncoderInfo | None = None) -> "ReferenceIndex":
        """Opens an index and checks its digest; pictures are checked when they are read.

        Args:
            folder: What `builder.build` wrote.
            encoder: The encoder that queries will come from; None to read cases only.

        Raises:
            ConfigError: The index is missing or corrupt, or was made by another encoder.
        """
        if not folder.is_dir():
            raise ConfigError(f"there is no reference index in {folder}; {_REMEDY}")
        with ExitStack() as undo:
            try:
                manifest = Manifest.read(folder)
                tensors = load_file(folder / EMBEDDINGS)
                embeddings: NDArray[np.float32] = tensors[TENSOR]
                text = tensors[TEXT_TENSOR] if manifest.encoder.text else None
                size = (folder / CASES).stat().st_size
                store = CaseStore.open(folder / CASES)
                undo.callback(store.close)
                cases = store.fingerprints()
                digest = index_digest(cases, embeddings, text)
            except (OSError, ValueError, KeyError, SafetensorError, sqlite3.Error) as error:
                raise ConfigError(
                    f"the reference index in {folder} is incomplete or damaged; {_REMEDY}"
                ) from error
            if digest != manifest.digest or embeddings.shape != (manifest.count, manifest.dim):
                raise ConfigError(
                    f"the files of the reference index in {folder} do not belong together; "
                    f"{_REMEDY}"
                )
            if encoder is not None and encoder != manifest.encoder:
                raise ConfigError(
                    f"the reference index in {folder} was made with {manifest.encoder}, but "
                    f"queries come from {encoder}; {_REMEDY}"
                )
            undo.pop_all()
        return cls(manifest, cases, embeddings, text, store, size)

    @property
    def digest(self) -> str:
        """The version of the index: SHA-256 over cases and embeddings, hexadecimal."""
        return self._manifest.digest

    @property
    def encoder(self) -> EncoderInfo:
        """What made the embeddings."""
        return self._manifest.encoder

    @cached_property
    def nearest(self) -> tuple[float, ...]:
        """The distances between its cases, as `typicality.distribution` has them.

        Of few cases they are measured anew: an older index has percentiles of them too.
        """
        if self._manifest.nearest is not None and len(self) >= PERCENTILES:
            return self._manifest.nearest
        return distribution(nearest_distances(self._embeddings))

    @property
    def cases_held(self) -> tuple[Fingerprint, ...]:
        """Every case without its picture, sorted by id."""
        return self._cases

    def __len__(self) -> int:
        return len(self._cases)

    def search(self, query: Query, k: int) -> Matches:
        """Finds the `k` best cases by comparing with every one of them.

        Args:
            query: What to compare with, and what to leave out.
            k: How many cases; all that are not left out, if there are fewer.

        Returns:
            Highest score first; of equal ones the case with the smaller id first.

        Raises:
            InvalidInput: `k` is below 1, or an embedding is no vector of this size.
            EngineFailed: An embedding is zero or not finite.
        """
        ranked = rank(query, k, self._contents, self._embeddings, self._text)
        best = [Match(self._cases[row].id, *scores) for row, *scores in ranked.best]
        return Matches(best, ranked.nearest)

    def case(self, case_id: str) -> Case:
        """Reads one case with its picture; the last ones are at hand.

        Raises:
            NotFound: The index has no such case.
            ConfigError: The case is corrupt on disk.
        """
        return self._case(case_id)

    def cases(self, case_ids: Iterable[str]) -> list[Case]:
        """Reads several cases, in the order asked; errors as `case`."""
        return [self.case(case_id) for case_id in case_ids]

    def read(self, case_id: str) -> Case:
        """Reads one case that is wanted once, and does not keep it at hand; errors as `case`."""
        return self._store.get(case_id)

    def embedded(self) -> Iterator[Embedded]:
        """Every embedding with what it was made of, for an index that grows out of this one."""
        for row, case in enumerate(self._cases):
            yield Embedded("image", case.image_sha256, self._embeddings[row])
            if self._text is not None:
                yield Embedded("text", text_hash(case), self._text[row])

    def close(self) -> None:
        """Closes the file of the cases; searching still works afterwards."""
        self._store.close()
