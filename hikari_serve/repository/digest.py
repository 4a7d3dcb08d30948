"""The digest of a version's files: what an answer quotes as its weights."""

import hashlib
from pathlib import Path


def weights_digest(folder: Path) -> str:
    """SHA-256 over the names and contents of the files in `folder`, as hex.

    A folder inside it, such as a reference index, has a digest of its own.
    """
    total = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        total.update(f"{path.name}\0{content}\n".encode())
    return total.hexdigest()
