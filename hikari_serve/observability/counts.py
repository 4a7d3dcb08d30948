"""The files in which the processes of a server count, each in its own, for one page.

They are prometheus_client's, mapped into memory. It makes them with holes, and the first touch of a
hole that a full disk has no room for ends the process; and it has one for each process there ever
was.
"""

import logging
import os
from pathlib import Path

from prometheus_client.mmap_dict import _INITIAL_MMAP_SIZE, MmapedDict

logger = logging.getLogger(__name__)

PLACE = "_HIKARI_PLACE"
"""A process' place among those of its server; who is started in place of a dead one counts on in
its file."""

_place = os.environ.pop(PLACE, "")  # not for the processes that this one starts

_MOST_BYTES = 28
"""Of a series in the file, besides its name."""


class CountsFile(MmapedDict):
    """One that takes its room before it writes there.

    A series that finds none is counted in memory alone: each change writes all that was counted, so
    that the page is right once there is room.
    """

    def __init__(self, filename: str) -> None:
        path = Path(filename)
        kind, _, process = path.stem.rpartition("_")
        its = process if kind.startswith("gauge_live") else _place or process
        self._path = path.with_name(f"{kind}_{its}.db")
        self._f = None  # type: ignore[assignment]  # as in a closed one
        self._capacity = 0
        self._positions: dict[str, int] = {}
        self._lacks_room = False

    def read_value(self, key: str) -> tuple[float, float]:
        """What was counted; 0 where there is no room for it."""
        if not self._has_room(key):
            return 0.0, 0.0
        value, at = super().read_value(key)  # type: ignore[no-untyped-call]
        return value, at

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        """Writes it where there is room."""
        if self._has_room(key):
            super().write_value(key, value, timestamp)  # type: ignore[no-untyped-call]

    def _has_room(self, key: str) -> bool:
        if key in self._positions:
            return True
        try:
            if self._f is None:
                self._open()
            size = self._capacity
            while self._used + len(key.encode()) + _MOST_BYTES > size:
                size *= 2
            if size > self._capacity:
                _take_room(self._f.fileno(), size)
        except OSError as error:
            if not self._lacks_room:
                logger.warning("no room for metrics in %s: %s", self._path, error.strerror)
            self._lacks_room = True
            return False
        self._lacks_room = False
        return True

    def _open(self) -> None:
        if not self._path.exists():
            unfinished = self._path.with_suffix(".new")  # no page reads it
            with unfinished.open("ab") as file:
                _take_room(file.fileno(), _INITIAL_MMAP_SIZE)
            unfinished.rename(self._path)
        super().__init__(str(self._path))  # type: ignore[no-untyped-call]


def _take_room(fd: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):  # macOS has none
        os.posix_fallocate(fd, 0, size)
