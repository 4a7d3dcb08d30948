"""One build of an index at a time, from before it reads the old one until nothing of it is left."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from hikari_serve.errors import InvalidInput


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Keeps every other build of this index out, in this process and in others.

    The lock is a file beside the index. The system lets go of it if this process is killed.

    Raises:
        InvalidInput: Another build is at it.
        OSError: The folder around it cannot be written.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    path = out.parent / f".{out.name}.lock"
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise InvalidInput(f"another build of this index is running: {path} is locked") from None
    try:
        yield
    finally:
        # Before it is let go: who opened it meanwhile sees that it has no name, and begins anew.
        path.unlink(missing_ok=True)
        lock.release()
