"""Embeds cases for an index: pictures and words, each once, and only what is not yet done."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hikari_serve.errors import EngineFailed, InvalidInput
from hikari_serve.pictures.decode import PictureLimits, open_image
from hikari_serve.pictures.view import content_hash
from hikari_serve.references.journal import Embedded, Journal
from hikari_serve.references.manifest import Fingerprint
from hikari_serve.references.store import Case

Embed = Callable[[list[Image.Image]], NDArray[np.float32]]
"""Turns upright RGB pictures into embeddings [n, dim] of any length."""
EmbedTexts = Callable[[list[str]], NDArray[np.float32]]
"""Turns the words of cases into embeddings [n, dim] of any length."""
OnBad = Callable[[Case, InvalidInput], None]
"""Hears of a case that is left out because its picture cannot be read, and why."""


class Rows(NamedTuple):
    """A batch of cases with their embeddings, in the same order.

    Attributes:
        cases: Those whose picture could be read.
        images: float32 [len(cases), dim], rows of length 1.
        texts: The same of their words; None without a text encoder.
    """

    cases: list[Case]
    images: list[NDArray[np.float32]]
    texts: list[NDArray[np.float32]] | None


class CaseEmbedder:
    """Embeds batches of cases, and writes what is done into the journal."""

    def __init__(
        self, embed: Embed, embed_texts: EmbedTexts | None, journal: Journal, on_bad: OnBad | None
    ) -> None:
        self._embed = embed
        self._embed_texts = embed_texts
        self._journal = journal
        self._on_bad = on_bad

    def __call__(self, cases: Sequence[Case]) -> Rows:
        """Embeds a batch.

        Raises:
            InvalidInput: A picture cannot be read, and nobody wants to hear of it.
            EngineFailed: The encoder did not give one finite vector for each.
        """
        good: list[Case] = []
        unseen: dict[str, tuple[Case, Image.Image]] = {}
        keys = []
        for case in cases:
            key = content_hash(case.image)
            if key not in unseen and self._journal.get("image", key) is None:
                try:
                    unseen[key] = case, open_image(case.image, PictureLimits())
                except InvalidInput as error:
                    if self._on_bad is None:
                        raise type(error)(f"reference case '{case.id}': {error.message}") from error
                    self._on_bad(case, error)
                    continue
            good.append(case)
            keys.append(key)
        if unseen:
            pictures = [picture for _, picture in unseen.values()]
            rows = _unit(self._embed(pictures), [case for case, _ in unseen.values()], "picture")
            self._journal.put(
                Embedded("image", key, row) for key, row in zip(unseen, rows, strict=True)
            )
        return Rows(good, [self._known("image", key) for key in keys], self._texts(good))

    def _texts(self, cases: Sequence[Case]) -> list[NDArray[np.float32]] | None:
        if self._embed_texts is None:
            return None
        keys = [text_hash(case) for case in cases]
        unseen = {
            key: case
            for key, case in zip(keys, cases, strict=True)
            if self._journal.get("text", key) is None
        }
        if unseen:
            texts = [words(case) for case in unseen.values()]
            rows = _unit(self._embed_texts(texts), list(unseen.values()), "text")
            self._journal.put(
                Embedded("text", key, row) for key, row in zip(unseen, rows, strict=True)
            )
        return [self._known("text", key) for key in keys]

    def _known(self, kind: str, key: str) -> NDArray[np.float32]:
        vector = self._journal.get(kind, key)
        assert vector is not None
        return vector


def words(case: Case | Fingerprint) -> str:
    """What is embedded as a case's text: its caption, or its label if it has none."""
    return case.caption or case.label


def text_hash(case: Case | Fingerprint) -> str:
    """The identity of a case's text."""
    return sha256(words(case).encode()).hexdigest()


def _unit(vectors: NDArray[Any], cases: Sequence[Case], what: str) -> NDArray[np.float32]:
    """The vectors at length 1, after a check that there is one for each case."""
    vectors = vectors.astype(np.float32)
    if vectors.ndim != 2 or len(vectors) != len(cases):
        raise EngineFailed(
            f"the encoder gave embeddings of shape {vectors.shape} for {len(cases)} {what}s"
        )
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    for case, length in zip(cases, lengths[:, 0], strict=True):
        if not 0.0 < length < np.inf:
            raise EngineFailed(
                f"the encoder's embedding of case '{case.id}' is zero or not finite ({what})"
            )
    unit: NDArray[np.float32] = vectors / lengths
    return unit
