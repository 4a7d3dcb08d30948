"""Finished embeddings of a build that goes on, on disk: a killed build does not make them again."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hikari_serve.errors import InvalidInput
from hikari_serve.references.manifest import EncoderInfo


class Embedded(NamedTuple):
    """One finished embedding.

    Attributes:
        kind: What was embedded.
        content: SHA-256 of the picture's bytes or of the text, in hexadecimal.
        vector: float32 [dim], of length 1.
    """

    kind: Literal["image", "text"]
    content: str
    vector: NDArray[np.float32]


class Journal:
    """The embeddings of one build, by what was embedded. For one thread, `alone` with the index."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path, encoder: EncoderInfo) -> "Journal":
        """Opens the journal of a build, or begins it.

        Args:
            path: Its file.
            encoder: What makes the embeddings.

        Raises:
            InvalidInput: A build with another encoder began it.
            sqlite3.OperationalError: It cannot be written, as on a full disk.
        """
        connection = sqlite3.connect(path)
        try:
            connection.execute("CREATE TABLE IF NOT EXISTS encoder (info TEXT NOT NULL)")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS embeddings "
                "(kind TEXT, content TEXT, vector BLOB NOT NULL, PRIMARY KEY (kind, content))"
            )
            row = connection.execute("SELECT info FROM encoder").fetchone()
            if row is None:
                connection.execute("INSERT INTO encoder VALUES (?)", (encoder.model_dump_json(),))
            connection.commit()
        except sqlite3.OperationalError:
            connection.close()
            raise
        began = EncoderInfo.model_validate_json(row[0]) if row else encoder
        if began != encoder:
            connection.close()
            raise InvalidInput(
                f"a build with {began} was interrupted here, and this one is with {encoder}: "
                f"finish that one, or delete {path.parent} to begin anew"
            )
        return cls(connection)

    def get(self, kind: str, content: str) -> NDArray[np.float32] | None:
        """The embedding of a picture or text, if it is finished."""
        query = "SELECT vector FROM embeddings WHERE kind = ? AND content = ?"
        row = self._connection.execute(query, (kind, content)).fetchone()
        return None if row is None else np.frombuffer(row[0], dtype="<f4")

    def put(self, embedded: Iterable[Embedded]) -> None:
        """Adds embeddings; they are on disk afterwards."""
        rows = [(one.kind, one.content, one.vector.astype("<f4").tobytes()) for one in embedded]
        self._connection.executemany("INSERT OR REPLACE INTO embeddings VALUES (?, ?, ?)", rows)
        self._connection.commit()

    def __len__(self) -> int:
        count: int = self._connection.execute("SELECT count(*) FROM embeddings").fetchone()[0]
        return count

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()
