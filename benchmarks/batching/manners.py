"""What becomes of waiting work when callers leave, and of a batch in which one item is broken."""

import asyncio
from collections.abc import Sequence

import httpx

from benchmarks.batching.door import Visitor

AHEAD, CALLERS, LEAVERS = 40, 12, 6
"""Items in front of the callers, the callers, and how many of them hang up."""

ARRIVED_SECONDS = 0.05
"""From the last byte sent to the item in its queue; the items ahead take longer."""

SETTLE_SECONDS = 0.5
"""Until the engine has ended what nobody heard."""

ROUNDS, BESIDE = 5, 7
"""How often a broken item waits in a batch of eight, and the good items beside it."""

HEAD_START_SECONDS = 0.005
"""How much earlier the item comes that the eight wait for."""

BROKEN = b"no view"


async def computed_for_nobody(visitor: Visitor, views: Sequence[bytes]) -> int:
    """Of `LEAVERS` items whose callers hung up while they waited, how many were computed."""
    before = await visitor.computed()
    sent = [asyncio.Event() for _ in range(AHEAD + CALLERS)]
    waiting = [
        asyncio.create_task(visitor.insist(view, event))
        for view, event in zip(views[: len(sent)], sent, strict=True)
    ]
    await asyncio.gather(*(event.wait() for event in sent))
    await asyncio.sleep(ARRIVED_SECONDS)
    for caller in waiting[-LEAVERS:]:
        caller.cancel()
    await asyncio.gather(*waiting[:-LEAVERS])
    await asyncio.sleep(SETTLE_SECONDS)
    return await visitor.computed() - before - (AHEAD + CALLERS - LEAVERS)


async def answered_beside_broken(visitor: Visitor, views: Sequence[bytes]) -> int:
    """Of `ROUNDS` times `BESIDE` good items that wait with a broken one, how many get answers."""
    answered = 0
    for _ in range(ROUNDS):
        first = asyncio.create_task(visitor.ask(views[BESIDE]))
        await asyncio.sleep(HEAD_START_SECONDS)
        _, *statuses = await asyncio.gather(
            *(visitor.ask(view) for view in (BROKEN, *views[:BESIDE]))
        )
        await first
        answered += statuses.count(httpx.codes.OK)
    return answered
