"""The model behind BentoML's adaptive batching, written as its documentation writes one."""

import asyncio
import math
from collections.abc import Sequence
from typing import Any

import bentoml

from benchmarks.batching import MAX_BATCH
from benchmarks.batching.counted import load
from hikari_serve.engines.contract import Output
from hikari_serve.scheduling.job import Asked
from hikari_serve.stage import DEFAULT_PRIORITY, Classification, Item


class Collected:
    """A call that keeps its answer."""

    priority = DEFAULT_PRIORITY
    deadline = math.inf
    cancelled = False

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.request: Any = asked.request
        self._output: Output = None
        self._error: Exception | None = None

    def emit(self, text: str) -> None:
        """Nobody listens."""

    def finish(self, output: Output) -> None:
        self._output = output

    def fail(self, error: Exception) -> None:
        self._error = error

    def answer(self) -> Output:
        """The answer, or the error raised."""
        if self._error is not None:
            raise self._error
        return self._output


@bentoml.service(traffic={"timeout": 3600})
class Adaptive:
    """Gets its batches from BentoML."""

    def __init__(self) -> None:
        self._model, self._engine = load()

    @bentoml.api(  # type: ignore[untyped-decorator]
        batchable=True, max_batch_size=MAX_BATCH, max_latency_ms=600_000
    )
    async def classify(self, items: list[Item]) -> list[Classification]:
        """Names the disease of each item."""
        calls = await asyncio.to_thread(self._prepare, items)
        await self._engine.run(calls)
        return [
            self._model.read(call.answer(), item, call.asked)
            for call, item in zip(calls, items, strict=True)
        ]

    @bentoml.api  # type: ignore[untyped-decorator]
    async def computed(self) -> int:
        """Items that came to the engine so far."""
        return self._engine.computed

    def _prepare(self, items: Sequence[Item]) -> list[Collected]:
        return [Collected(self._model.prepare(item)) for item in items]
