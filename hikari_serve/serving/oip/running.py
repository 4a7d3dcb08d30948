"""The items of a request, each on its own."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from hikari_serve.errors import HikariError
from hikari_serve.serving.ending import ending, working_on
from hikari_serve.serving.oip.columns import of_item

T = TypeVar("T")


async def each_of(
    count: int, run: Callable[[int], Awaitable[T]], *, tolerant: bool
) -> list[T | HikariError]:
    """Runs every item at once; cancelling it cancels them all.

    Args:
        count: How many items there are.
        run: Answers the item of an index.
        tolerant: Whether an item's error is its own; otherwise the first one ends them all.

    Raises:
        HikariError: An item's error, where they are not tolerated.
    """

    async def answered(at: int) -> T | HikariError:
        working_on(at)
        try:
            return await run(at)
        except HikariError as error:
            if tolerant:
                ending().answered("partial")
                return error
            raise error if count == 1 else of_item(at, error) from None

    tasks = [asyncio.ensure_future(answered(at)) for at in range(count)]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
