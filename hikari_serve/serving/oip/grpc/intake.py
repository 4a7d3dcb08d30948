"""What gRPC may receive at once.

It hands over a message when all of it is in memory: its bytes cannot be counted as they come.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from hikari_serve.errors import DeadlineExceeded, InvalidInput, Overloaded

SECONDS = 60.0
"""How long a call's message may take to come, which keeps others from coming."""


class Intake:
    """Calls wait until their message may come; a stream that is open may bring one at any time."""

    def __init__(self, most: int) -> None:
        """Args:
        most: Messages that may come at once to calls, and as many to streams.
        """
        self._most = most
        self._streams = 0
        self._coming = asyncio.Semaphore(most)

    async def message(self, context: Any) -> Any:
        """The message of a call.

        Raises:
            DeadlineExceeded: It did not come in time.
            InvalidInput: It is none.
        """
        try:
            async with asyncio.timeout(SECONDS), self._coming:
                message = await context.read()
        except DecodeError:
            raise unreadable() from None
        except TimeoutError:
            raise DeadlineExceeded(f"the message did not come within {SECONDS:g} seconds") from None
        if message is grpc.aio.EOF:
            raise asyncio.CancelledError  # the client left before it had sent any
        return message

    @contextmanager
    def stream(self) -> Iterator[None]:
        """A stream that is open until the block ends.

        Raises:
            Overloaded: There are too many.
        """
        if self._streams >= self._most:
            raise Overloaded(
                f"{self._streams} streams are open, the most at once: send requests one by one, or "
                "on a stream that is open",
                retry_after=1.0,
            )
        self._streams += 1
        try:
            yield
        finally:
            self._streams -= 1


def unreadable() -> InvalidInput:
    """The error for bytes that are no message of their method."""
    return InvalidInput("the message cannot be read: it is not what its method takes, in protobuf")
