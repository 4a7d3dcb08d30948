"""Where a process decodes pictures: in few threads, whoever sent them.

There is one for all cascades of a process, so that what it bounds is the process.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from hikari_serve.cascade.graph import Graph
from hikari_serve.cascade.picture import Picture, read_picture
from hikari_serve.errors import DeadlineExceeded
from hikari_serve.pictures.decode import PictureLimits
from hikari_serve.settings import available_cores
from hikari_serve.threads import Threads

T = TypeVar("T")


class Decoder:
    """Decodes one picture a core; who waits for a core is served by priority.

    Attributes:
        limits: How large a picture may be.
    """

    def __init__(self, limits: PictureLimits) -> None:
        self.limits = limits
        self._threads = Threads(available_cores(), "decode")

    async def read(
        self, data: bytes, graph: Graph, min_quality: float, *, priority: int, deadline: float
    ) -> Picture:
        """Reads a picture as `read_picture` does.

        A decoding that waits is dropped when its caller leaves or the deadline passes; one that
        runs ends by itself within seconds, because `pictures` bounds what a file can cost.

        Args:
            data: The picture's file.
            graph: The stages that will see it.
            min_quality: The least quality score, 0 to 1, with which any model runs.
            priority: From 1, served first, to 9.
            deadline: When nobody needs it any more, in seconds since the Unix epoch.

        Raises:
            BadImage: The picture cannot be read, or is too poor.
            DeadlineExceeded: It was not read in time.
        """
        read = partial(read_picture, data, self.limits, graph, min_quality)
        try:
            async with asyncio.timeout(deadline - time.time()):
                return await self.run(read, priority)
        except TimeoutError:
            raise DeadlineExceeded("the deadline passed before the picture was decoded") from None

    async def run(self, work: Callable[[], T], priority: int) -> T:
        """Does what decodes a picture; dropped when its caller leaves before it has begun.

        Args:
            work: What to do in a thread.
            priority: From 1, served first, to 9.
        """
        return await self._threads.run(work, lambda: priority)
