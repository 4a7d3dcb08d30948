"""How much one process takes in at once: requests, and the bytes of their bodies.

What is refused here has cost nothing and is told when to come back. Past the door a request is
bounded by its own deadline, and by the queues in front of the engines.
"""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from starlette.types import Message, Receive

from hikari_serve.errors import Overloaded

REMEMBERED = 64
"""Ends of requests from which the rate is measured."""

LONGEST_SECONDS = 60.0
"""The latest that a caller is told to come back."""


class Place:
    """What one request takes of what there is; its body's bytes are held until it ends.

    Attributes:
        size: The bytes that it holds.
        refused: Whether there was no room for some.
    """

    def __init__(self, admission: "Admission") -> None:
        self.size = 0
        self.refused = False
        self._admission = admission

    def announce(self, size: int) -> None:
        """The body will have so many bytes; they are held as they come, not for who only says so.

        One for which there never is room is left to the door, which says that it is too large.

        Raises:
            Overloaded: There is no room for them now.
        """
        if size <= self._admission.most_bytes:
            self._check(size)

    def hold(self, size: int) -> None:
        """So many bytes more have come.

        Raises:
            Overloaded: There is no room for them now.
        """
        self._check(size)
        self._admission.bytes += size
        self.size += size

    def counted(self, receive: Receive) -> Receive:
        """Receives the body, as far as there is room for it."""

        async def counting() -> Message:
            message = await receive()
            self.hold(len(message.get("body", b"")))
            return message

        return counting

    def _check(self, size: int) -> None:
        try:
            self._admission.check(size)
        except Overloaded:
            self.refused = True
            raise


_current: ContextVar[Place | None] = ContextVar("place", default=None)


def hold(size: int) -> None:
    """So many bytes more have come of the request that this task works for.

    Raises:
        Overloaded: There is no room for them now.
    """
    place = _current.get()
    if place is not None:
        place.hold(size)


class Admission:
    """The places of one process.

    Attributes:
        most_bytes: Of the bodies at once.
        bytes: Of the bodies now.
    """

    def __init__(self, most_requests: int, most_bytes: int) -> None:
        """Args:
        most_requests: Requests for an answer at once.
        most_bytes: Bytes of their bodies at once.
        """
        self.most_bytes = most_bytes
        self.bytes = 0
        self._most_requests = most_requests
        self._requests = 0
        self._ends: deque[float] = deque(maxlen=REMEMBERED)
        self._idle = 0.0
        self._idle_since = time.monotonic()

    @contextmanager
    def place(self) -> Iterator[Place]:
        """A place until the block ends.

        Raises:
            Overloaded: There is none now.
        """
        if self._requests >= self._most_requests:
            raise Overloaded(
                f"{self._requests} requests are being answered, the most at once",
                retry_after=self._come_back(),
            )
        if self._requests == 0:
            self._idle += time.monotonic() - self._idle_since
        self._requests += 1
        place = Place(self)
        token = _current.set(place)
        try:
            yield place
        finally:
            _current.reset(token)
            self._requests -= 1
            self.bytes -= place.size
            if not place.refused:
                self._ends.append(self._worked())
            if self._requests == 0:
                self._idle_since = time.monotonic()

    def check(self, size: int) -> None:
        """Looks whether there is room for so many bytes more.

        Raises:
            Overloaded: There is none now.
        """
        if size and self.bytes + size > self.most_bytes:
            raise Overloaded(
                f"{self.bytes / 1e6:.0f} MB of pictures are being answered, and at once "
                f"{self.most_bytes / 1e6:.0f} MB are the most",
                retry_after=self._come_back(),
            )

    def _worked(self) -> float:
        """The time so far, in seconds, but for that in which nobody asked."""
        return time.monotonic() - self._idle

    def _come_back(self) -> float:
        """When half of those inside should have left, at the rate of the last ends, in seconds."""
        if len(self._ends) < 2:
            return 1.0
        took = max(1e-3, self._worked() - self._ends[0])
        rate = len(self._ends) / took
        return min(LONGEST_SECONDS, max(1.0, self._requests / 2 / rate))
