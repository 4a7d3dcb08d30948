"""The digest of a version's files: what an answer quotes as its weights."""

import hashlib
from pathlib import Path

from hikari_serve.errors import ConfigError
from hikari_serve.repository.record import RECORD_FILE, Pulled, read_record


def weights_digest(folder: Path) -> str:
    """SHA-256 over the names and contents of the files in `folder`, as hex.

    A folder inside it, such as a reference index, has a digest of its own. Of pulled weights, only
    those files are read again that were touched since the pull checked them.

    Raises:
        ConfigError: A file is no longer what was pulled, or no longer there.
    """
    record = read_record(folder)
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    if record and (missing := record.files.keys() - {path.name for path in paths}):
        raise ConfigError(
            f"{folder / min(missing)} was pulled from the hub and is not there any more: "
            "delete the folder and pull it again"
        )
    total = hashlib.sha256()
    for path in paths:
        if path.name != RECORD_FILE:
            total.update(f"{path.name}\0{_content(path, record)}\n".encode())
    return total.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _content(path: Path, record: Pulled | None) -> str:
    pulled = record.files.get(path.name) if record else None
    if pulled is None:
        return file_digest(path)
    found = path.stat()
    if (found.st_size, found.st_mtime_ns) == (pulled.size, pulled.mtime_ns):
        return pulled.sha256
    content = file_digest(path)
    if content != pulled.sha256:
        raise ConfigError(
            f"{path} is not what was pulled from the hub: delete the folder and pull it again"
        )
    return content
