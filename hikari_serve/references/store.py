"""Reference cases in one SQLite file: written once by the builder, then only read."""

import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

from hikari_serve.errors import ConfigError, InvalidInput, NotFound
from hikari_serve.pictures.view import content_hash
from hikari_serve.quoting import quoted
from hikari_serve.references.manifest import Fingerprint

# The picture is the last column: SQLite keeps what does not fit into a page in a chain, and to
# read a column behind a picture it would walk through the whole of it.
_SCHEMA = """
CREATE TABLE cases (
    id TEXT PRIMARY KEY NOT NULL,
    label TEXT NOT NULL,
    caption TEXT NOT NULL,
    source TEXT NOT NULL,
    image_sha256 TEXT NOT NULL,
    image BLOB NOT NULL
)
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One reference case.

    Attributes:
        id: Identifies the case, and alone travels between stages.
        image: The picture's file as it was collected.
        label: The disease.
        caption: Clinical description; may be empty.
        source: Where the case comes from, for attribution; may be empty.
    """

    id: str
    image: bytes
    label: str
    caption: str = ""
    source: str = ""


class CaseStore:
    """The cases of one index. Safe to use from several threads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    @classmethod
    def create(cls, path: Path) -> "CaseStore":
        """Creates an empty store for the builder to fill."""
        connection = sqlite3.connect(path)
        connection.execute(_SCHEMA)
        return cls(connection)

    @classmethod
    def open(cls, path: Path) -> "CaseStore":
        """Opens a finished store for reading.

        Raises:
            sqlite3.Error: The file is missing.
        """
        # Immutable: an index is replaced as a folder and never changed in place, so no locks are
        # needed and the folder may be mounted read-only.
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        return cls(sqlite3.connect(uri, uri=True, check_same_thread=False))

    def add(self, case: Case) -> Fingerprint:
        """Adds a case; it is on disk after `close`.

        Raises:
            InvalidInput: There is a case of this id already.
        """
        digest = content_hash(case.image)
        row = (case.id, case.label, case.caption, case.source, digest, case.image)
        try:
            self._connection.execute("INSERT INTO cases VALUES (?, ?, ?, ?, ?, ?)", row)
        except sqlite3.IntegrityError as error:
            raise InvalidInput(f"case '{case.id}' comes twice; ids must be unique") from error
        return Fingerprint(case.id, case.label, case.caption, digest)

    def fingerprints(self) -> list[Fingerprint]:
        """All cases without their pictures, sorted by id."""
        query = "SELECT id, label, caption, image_sha256 FROM cases ORDER BY id"
        with self._lock:
            rows = self._connection.execute(query).fetchall()
        return [Fingerprint(*row) for row in rows]

    def get(self, case_id: str) -> Case:
        """Reads one case.

        Raises:
            NotFound: There is no such case.
            ConfigError: It cannot be read, or its picture is not the one that was stored.
        """
        query = "SELECT image, label, caption, source, image_sha256 FROM cases WHERE id = ?"
        corrupt = (
            f"reference case '{case_id}' is corrupt on disk; "
            "build the index again with `hikari index build`"
        )
        try:
            with self._lock:
                row = self._connection.execute(query, (case_id,)).fetchone()
        except sqlite3.DatabaseError as error:
            raise ConfigError(corrupt) from error
        if row is None:
            raise NotFound(f"there is no reference case '{quoted(case_id)}' in this index")
        image, label, caption, source, digest = row
        if content_hash(image) != digest:
            raise ConfigError(corrupt)
        return Case(case_id, image, label, caption, source)

    def close(self) -> None:
        """Commits what was added and closes the file."""
        self._connection.commit()
        self._connection.close()
