"""What engines share whose model is a torch module: a thread of their own, and their memory."""

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import torch

from hikari_serve.engines.contract import Call, Engine
from hikari_serve.engines.devices import free_memory
from hikari_serve.engines.isolation import answer_isolated


class TorchEngine(Engine):
    """Computes one static batch at a time, in one thread, so that the event loop stays free."""

    concurrency = 1

    def __init__(
        self,
        model: torch.nn.Module,
        device: torch.device,
        *,
        name: str,
        threads: int | None,
        max_batch: int,
        max_work: int,
    ) -> None:
        """Starts the thread.

        Args:
            model: The weights.
            device: Where they live while the engine is awake.
            name: Of the thread, for those who look at stacks.
            threads: Cores to compute on; None leaves it to torch.
            max_batch: Calls in a batch.
            max_work: Tokens in a batch, padding included.
        """
        self.max_batch = max_batch
        self.max_work = max_work
        self._weights = model
        self._device = device
        self._thread = ThreadPoolExecutor(1, name)
        if threads is not None:
            # torch keeps the number for each thread: it must be set in the one that computes
            self._thread.submit(torch.set_num_threads, threads).result()

    @abstractmethod
    def _compute(self, calls: Sequence[Call]) -> None:
        """Answers every call of a batch that is not cancelled, or raises; runs in the thread."""

    async def run(self, calls: Sequence[Call]) -> None:
        await self._do(
            partial(answer_isolated, self._compute, calls, partial(free_memory, self._device))
        )

    async def sleep(self) -> None:
        await self._do(partial(self._move, torch.device("cpu")))

    async def wake(self) -> None:
        await self._do(partial(self._move, self._device))

    async def close(self) -> None:
        # on the meta device a tensor has a shape and no memory, whoever still holds the engine
        await self._do(partial(self._move, torch.device("meta")))
        self._thread.shutdown(wait=False)

    def _move(self, place: torch.device) -> None:
        self._weights.to(place)
        free_memory(self._device)

    async def _do(self, action: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, action)
