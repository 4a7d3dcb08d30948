"""Serves the model behind both batchings and measures them in turns."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass

import httpx

from benchmarks.batching.door import ADAPTIVE, DEADLINE_SECONDS, QUEUED, VIEW, Visitor
from benchmarks.batching.manners import AHEAD, CALLERS, answered_beside_broken, computed_for_nobody
from benchmarks.passes import Pass, Speed, closed_loop
from benchmarks.pictures import Pictures
from benchmarks.plan import Plan
from benchmarks.served import started
from hikari_serve.settings import Settings

DOORS = (ADAPTIVE, QUEUED)


@dataclass(frozen=True, slots=True)
class Batcher:
    """How one of the two did.

    Attributes:
        name: Which.
        speeds: At each number of clients.
        for_nobody: Of the items whose callers left, how many were computed.
        beside_broken: Of the good items that waited with a broken one, how many got answers.
    """

    name: str
    speeds: tuple[Speed, ...]
    for_nobody: int
    beside_broken: int


def compare(settings: Settings, plan: Plan, pictures: Pictures) -> tuple[Batcher, ...]:
    """Starts both servers, and asks one after the other."""
    most = max(plan.requests(clients) for clients in _clients(plan))
    views = pictures.views(max(most, AHEAD + CALLERS), VIEW)
    with ExitStack() as stack:
        urls = []
        for door in DOORS:
            server, _ = stack.enter_context(started(settings, door.service))
            urls.append(server.url)
        return asyncio.run(_compare(urls, views, plan))


async def _compare(urls: Sequence[str], views: Sequence[bytes], plan: Plan) -> tuple[Batcher, ...]:
    limits = httpx.Limits(max_connections=None)
    async with AsyncExitStack() as stack:
        visitors = []
        for door, url in zip(DOORS, urls, strict=True):
            client = httpx.AsyncClient(base_url=url, timeout=DEADLINE_SECONDS, limits=limits)
            visitors.append(Visitor(door, await stack.enter_async_context(client)))
        passes: dict[tuple[Visitor, int], list[Pass[None]]] = {}
        for visitor in visitors:  # both learn how long batches take before the clock starts
            most = max(_clients(plan))
            await closed_loop(visitor.insist, views[: plan.requests(most)], most)
        for _ in range(plan.repeats):
            for clients in _clients(plan):
                for visitor in visitors:
                    one = await closed_loop(
                        visitor.insist, views[: plan.requests(clients)], clients
                    )
                    passes.setdefault((visitor, clients), []).append(one)
        return tuple(
            [
                Batcher(
                    name=door.name,
                    speeds=tuple(Speed.of(passes[visitor, clients]) for clients in _clients(plan)),
                    for_nobody=await computed_for_nobody(visitor, views),
                    beside_broken=await answered_beside_broken(visitor, views),
                )
                for door, visitor in zip(DOORS, visitors, strict=True)
            ]
        )


def _clients(plan: Plan) -> tuple[int, ...]:
    """One, a full batch, and as many waiting behind it."""
    return 1, plan.batched, 2 * plan.batched
