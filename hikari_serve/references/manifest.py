"""What an index folder holds, and the digest that is its version.

`cases.sqlite` has the cases, `embeddings.safetensors` one row for each case in the order of the
ids, and `manifest.json` says which encoder made the rows and what everything adds up to.
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
"""The name of the one tensor in `EMBEDDINGS`: float32 [count, dim], rows of length 1."""


class EncoderInfo(BaseModel):
    """What turned pictures into embeddings; a query must come out of the same.

    Attributes:
        name: The encoder's model name, such as `openai/clip-vit-base-patch32`.
        weights: Digest of its weights.
        preprocessing: Id of the preprocessing of the pictures it read (`Preprocessing.id`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    weights: str
    preprocessing: str

    def __str__(self) -> str:
        return f"{self.name} (weights {self.weights[:12]}, pictures {self.preprocessing})"


class Manifest(BaseModel):
    """The contents of `manifest.json`.

    Attributes:
        format: Version of the folder's layout.
        encoder: What made the embeddings.
        dim: Length of one embedding.
        count: Number of cases.
        digest: `index_digest` over the cases and embeddings: the version of the index.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    encoder: EncoderInfo
    dim: PositiveInt
    count: PositiveInt
    digest: str

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Reads the manifest of an index; OSError or ValueError if it is missing or wrong."""
        return cls.model_validate_json((folder / MANIFEST).read_bytes())

    def write(self, folder: Path) -> None:
        """Writes the manifest into an index folder."""
        (folder / MANIFEST).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


class Fingerprint(NamedTuple):
    """A case with its picture replaced by the SHA-256 of it: what the digest is made of."""

    id: str
    label: str
    caption: str
    image_sha256: str


def index_digest(cases: Iterable[Fingerprint], embeddings: NDArray[np.float32]) -> str:
    """Digests an index: the SHA-256 of its cases and embeddings.

    Args:
        cases: Sorted by id, so that the order in which they were collected does not matter.
        embeddings: Their rows, [count, dim], in the same order.

    Raises:
        ValueError: There are more cases than rows, or fewer.
    """
    digest = sha256()
    for case, row in zip(cases, embeddings, strict=True):
        for field in case:
            raw = field.encode()
            digest.update(len(raw).to_bytes(8, "little"))
            digest.update(raw)
        digest.update(row.astype("<f4").tobytes())
    return digest.hexdigest()
