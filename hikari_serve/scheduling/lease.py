"""The lease on a device that several models use by turns, each of them in a process of its own.

It is made of files, so that nothing can die but the processes that compute. Whoever has the
device keeps `turn.lock` locked. Whoever waits for it keeps a ticket in `waiting/` locked, a file
whose time of change says when its turn is due; the ticket that is due first is next. The kernel
unlocks what a killed process had locked. Files that were deleted meanwhile, as old temporary files
are, are made again; who had locked a deleted one sees that, and leaves the device.
"""

import asyncio
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, lock_descriptor

from hikari_serve.scheduling.locking import POLL_SECONDS, taken

NEW = ".new"
"""Ending of a ticket that its owner has not locked yet."""


class Lease:
    """One model's part in the turns; the instances of a process exclude each other as well."""

    def __init__(self, folder: Path) -> None:
        """Args:
        folder: Where the device's files lie; made if it is not there.
        """
        self._waiting = folder / "waiting"
        self._waiting.mkdir(parents=True, exist_ok=True)
        self._file = folder / "turn.lock"
        self._lock = FileLock(self._file, thread_local=False)
        self._inode: int | None = None  # of the file that is locked here

    @property
    def held(self) -> bool:
        """Whether the device is this model's."""
        return self._lock.is_locked

    async def acquire(self, due: Callable[[], float | None]) -> bool:
        """Waits for the turn, behind those that are due earlier.

        Args:
            due: When the turn is due, in seconds since the Unix epoch; None once it is not
                wanted any more. Asked again and again.

        Returns:
            Whether the turn came; False if it was given up.

        Raises:
            OSError: The files cannot be used. The device is not this model's then.
        """
        if self.held:
            return True
        moment = due()
        if moment is None:
            return False
        with self._ticket(moment) as ticket:
            while moment is not None:
                os.utime(ticket, (moment, moment))
                if self._first() == ticket and taken(self._lock):
                    self._inode = self._locked_file()
                    return True
                await asyncio.sleep(POLL_SECONDS)
                moment = due()
        return False

    def release(self) -> None:
        """Gives the turn back; the device's memory must be free by then."""
        self._lock.release()

    def wanted(self) -> float | None:
        """When the turn of the next that waits is due; None if nobody waits.

        It was always due (`-math.inf`) if the file that is locked was deleted: nobody who waits
        is kept out by it any more.
        """
        if self._locked_file() != self._inode:
            return -math.inf
        try:
            first = self._first()
            return first.stat().st_mtime if first else None
        except FileNotFoundError:
            return None  # it has just given up

    def _locked_file(self) -> int | None:
        """The number of the file that others try to lock; None if there is none."""
        try:
            return self._file.stat().st_ino
        except FileNotFoundError:
            return None

    @contextmanager
    def _ticket(self, due: float) -> Iterator[Path]:
        """A ticket that nobody sees before it is locked."""
        self._waiting.mkdir(parents=True, exist_ok=True)
        ticket = self._waiting / uuid4().hex
        new = ticket.with_suffix(NEW)
        descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            lock_descriptor(descriptor, blocking=False)
            os.utime(new, (due, due))
            new.rename(ticket)
            yield ticket
        finally:
            ticket.unlink(missing_ok=True)
            os.close(descriptor)

    def _first(self) -> Path | None:
        """The ticket that is due first; those of dead processes are thrown away."""
        tickets = []
        for path in self._waiting.iterdir():
            try:
                if path.suffix != NEW:
                    tickets.append((path.stat().st_mtime, path))
            except FileNotFoundError:
                continue  # its owner took it away meanwhile
        return next((path for _, path in sorted(tickets) if _has_owner(path)), None)


def _has_owner(ticket: Path) -> bool:
    """Whether a process keeps a ticket locked; deletes it if none does."""
    try:
        descriptor = os.open(ticket, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        if not lock_descriptor(descriptor, blocking=False):
            return True
        ticket.unlink(missing_ok=True)
        return False
    finally:
        os.close(descriptor)
