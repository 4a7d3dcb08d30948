"""What an index folder holds, and the digest that is its version.

`cases.sqlite` has the cases, `embeddings.safetensors` one row for each case in the order of the
ids (of its picture and, where the encoder has a text side, of its words), and `manifest.json`
says which encoder made the rows and what everything adds up to.
"""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, PositiveInt

CASES = "cases.sqlite"
EMBEDDINGS = "embeddings.safetensors"
MANIFEST = "manifest.json"
TENSOR = "embeddings"
"""The tensor in `EMBEDDINGS` of the pictures: float32 [count, dim], rows of length 1."""
TEXT_TENSOR = "text"
"""The tensor of the cases' words, if there is one: float32 [count, text dim], rows of length 1."""


class TextEncoderInfo(BaseModel):
    """What turned the words of the cases into embeddings.

    Attributes:
        weights: Digest of its weights.
        prefix: What was put before each text.
        max_tokens: Where texts were cut.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: str
    prefix: str = ""
    max_tokens: PositiveInt

    def __str__(self) -> str:
        return f"text {self.weights[:12]} to {self.max_tokens} tokens, prefix '{self.prefix}'"


class EncoderInfo(BaseModel):
    """What turned cases into embeddings; a query must come out of the same.

    Attributes:
        name: The encoder's model name, such as `clip_references`.
        weights: Digest of its weights.
        preprocessing: Id of the preprocessing of the pictures it read (`Preprocessing.id`).
        text: What embedded the words, if they were.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    weights: str
    preprocessing: str
    text: TextEncoderInfo | None = None

    def __str__(self) -> str:
        words = f", {self.text}" if self.text else ""
        return f"{self.name} (weights {self.weights[:12]}, pictures {self.preprocessing}{words})"


class Manifest(BaseModel):
    """The contents of `manifest.json`.

    Attributes:
        format: Version of the folder's layout.
        encoder: What made the embeddings.
        dim: Length of one embedding.
        count: Number of cases.
        digest: `index_digest` over the cases and embeddings: the version of the index.
        nearest: The distribution of the distance from each case to the nearest other one, as
            `typicality.distribution` has it; None in an index that was built before it was kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    encoder: EncoderInfo
    dim: PositiveInt
    count: PositiveInt
    digest: str
    nearest: tuple[float, ...] | None = None

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Reads the manifest of an index; OSError or ValueError if it is missing or wrong."""
        return cls.model_validate_json((folder / MANIFEST).read_bytes())

    def write(self, folder: Path) -> None:
        """Writes the manifest into an index folder."""
        text = self.model_dump_json(indent=2, exclude_none=True)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


class Fingerprint(NamedTuple):
    """A case with its picture replaced by the SHA-256 of it: what the digest is made of."""

    id: str
    label: str
    caption: str
    image_sha256: str


def index_digest(
    cases: Iterable[Fingerprint],
    embeddings: NDArray[np.float32],
    text: NDArray[np.float32] | None = None,
) -> str:
    """Digests an index: the SHA-256 of its cases and embeddings.

    Args:
        cases: Sorted by id, so that the order in which they were collected does not matter.
        embeddings: Their rows, [count, dim], in the same order.
        text: The rows of their words, [count, text dim], likewise.

    Raises:
        ValueError: There are more cases than rows, or fewer.
    """
    digest = sha256()
    rows = embeddings if text is None else np.concatenate([embeddings, text], axis=1)
    for case, row in zip(cases, rows, strict=True):
        for field in case:
            raw = field.encode()
            digest.update(len(raw).to_bytes(8, "little"))
            digest.update(raw)
        digest.update(row.astype("<f4").tobytes())
    return digest.hexdigest()
