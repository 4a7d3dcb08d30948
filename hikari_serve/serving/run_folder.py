"""The folder of one start of the server: sockets and metrics, for no other user and no other start.

It is removed at the end. What a killed server left is removed by the next start of the same user,
which knows it by a lock that nobody holds.
"""

import os
import secrets
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX = "hikari-run-"
UNFINISHED = "hikari-new-"
"""Beginning of the name of a folder that is not locked yet."""


class RunFolder:
    """A new folder with the mode 0700, in the folder for temporary files.

    Attributes:
        path: Where it is; short, because the path of a Unix socket has at most 103 bytes.
    """

    def __init__(self) -> None:
        clear_leftovers()
        unfinished = Path(tempfile.mkdtemp(prefix=UNFINISHED))
        self._lock = FileLock(unfinished / "lock")
        self._lock.acquire()
        self.path = unfinished.with_name(PREFIX + secrets.token_hex(4))
        unfinished.rename(self.path)  # so that no start sees it without its lock

    def folder(self, name: str) -> Path:
        """A folder in it, made if it is not there."""
        path = self.path / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def remove(self) -> None:
        """Removes it with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.release()


def clear_leftovers() -> None:
    """Removes the folders of this user's servers that were killed."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError, Timeout):
            if path.is_symlink() or path.stat().st_uid != os.getuid():
                continue
            with FileLock(path / "lock", timeout=0):
                shutil.rmtree(path, ignore_errors=True)
