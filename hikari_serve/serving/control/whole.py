"""Files that are read whole or not at all, by whichever process, and kept until they change."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar
from uuid import uuid4

from hikari_serve.stage import Frozen

T = TypeVar("T", bound=Frozen)


def write_whole(path: Path, value: Frozen, *, anew: bool = True) -> None:
    """Writes a value as JSON.

    Args:
        path: The file.
        value: What to write.
        anew: Whether a file that is there already is replaced; else it stays.
    """
    unfinished = path.with_name(f".{uuid4().hex}")
    try:
        unfinished.write_text(value.model_dump_json())
        if anew:
            unfinished.replace(path)
            return
        with suppress(FileExistsError):
            os.link(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


class Reader(Generic[T]):
    """Reads a file anew when it has changed; a look at one that has not is one system call."""

    def __init__(self, path: Path, parse: Callable[[str], T]) -> None:
        self._path = path
        self._parse = parse
        self._seen: tuple[int, int] | None = None
        self._value: T | None = None

    def read(self) -> T:
        """What it says; the very same object as long as it says it."""
        found = self._path.stat()
        seen = (found.st_ino, found.st_mtime_ns)
        if self._value is None or seen != self._seen:
            self._value, self._seen = self._parse(self._path.read_text()), seen
        return self._value
