"""The index of reference cases: which of them look most like a picture, and what they are."""

import sqlite3
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from hikari_serve.errors import ConfigError, InvalidInput
from hikari_serve.references.manifest import (
    CASES,
    EMBEDDINGS,
    TENSOR,
    EncoderInfo,
    Manifest,
    index_digest,
)
from hikari_serve.references.store import Case, CaseStore

_REMEDY = "build it with `hikari index build`"


class Match(NamedTuple):
    """A case that was found, and the cosine similarity (-1 to 1) of its picture to the query."""

    case_id: str
    similarity: float


class ReferenceIndex:
    """An opened index. Searching and reading are safe from several threads."""

    def __init__(
        self,
        manifest: Manifest,
        ids: tuple[str, ...],
        embeddings: NDArray[np.float32],
        store: CaseStore,
    ) -> None:
        self._manifest = manifest
        self._ids = ids
        self._embeddings = embeddings
        self._store = store

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
                embeddings: NDArray[np.float32] = load_file(folder / EMBEDDINGS)[TENSOR]
                store = CaseStore.open(folder / CASES)
                undo.callback(store.close)
                cases = store.fingerprints()
                digest = index_digest(cases, embeddings)
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
        return cls(manifest, tuple(case.id for case in cases), embeddings, store)

    @property
    def digest(self) -> str:
        """The version of the index: SHA-256 over cases and embeddings, hexadecimal."""
        return self._manifest.digest

    @property
    def encoder(self) -> EncoderInfo:
        """What made the embeddings."""
        return self._manifest.encoder

    def __len__(self) -> int:
        return len(self._ids)

    def search(self, embedding: NDArray[np.float32], k: int) -> list[Match]:
        """Finds the `k` most similar cases by comparing with every one of them.

        A case whose own picture is the query is found like any other, with similarity 1.

        Args:
            embedding: The query, [dim]; its length does not matter.
            k: How many cases; all of them, if there are fewer.

        Returns:
            Most similar first; of equally similar cases the one with the smaller id.

        Raises:
            InvalidInput: `k` is below 1, or the embedding is no finite vector of this size.
        """
        if k < 1:
            raise InvalidInput(f"k is {k}; ask for at least one reference case")
        if embedding.shape != (self._manifest.dim,):
            raise InvalidInput(
                f"the query's embedding has shape {embedding.shape}; "
                f"this index holds vectors of {self._manifest.dim}"
            )
        length = float(np.linalg.norm(embedding))
        if not 0.0 < length < np.inf:
            raise InvalidInput("the query's embedding is zero or not finite")
        # `vecdot` takes each row alone, so equal rows are exactly equally similar, which BLAS's
        # product does not promise. It also stays in this thread: where the cores are busy, the
        # threads of that product waited for each other 8 ms in place of 0.15 (4,000 x 512).
        similarity = np.vecdot(self._embeddings, embedding / np.float32(length)).clip(-1.0, 1.0)
        # Rows are sorted by id, so a stable sort breaks ties by it.
        best = np.argsort(-similarity, kind="stable")[:k]
        return [Match(self._ids[row], float(similarity[row])) for row in best]

    def case(self, case_id: str) -> Case:
        """Reads one case with its picture.

        Raises:
            NotFound: The index has no such case.
            ConfigError: The case is corrupt on disk.
        """
        return self._store.get(case_id)

    def cases(self, case_ids: Iterable[str]) -> list[Case]:
        """Reads several cases, in the order asked; errors as `case`."""
        return [self.case(case_id) for case_id in case_ids]

    def close(self) -> None:
        """Closes the file of the cases; searching still works afterwards."""
        self._store.close()
