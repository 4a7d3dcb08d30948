"""One loaded version of a model: from an item through the queue to a typed result."""

import asyncio
import time
from abc import ABC, abstractmethod
from functools import partial

from hikari_serve.engines.contract import Engine, Output
from hikari_serve.errors import ConfigError, HikariError, InvalidInput
from hikari_serve.observer import NOBODY, ItemEnd, Observer
from hikari_serve.repository.config import ModelConfig
from hikari_serve.scheduling.job import Asked, Done
from hikari_serve.scheduling.lease import Lease
from hikari_serve.scheduling.queue import Queue
from hikari_serve.scheduling.turns import TurnTaking
from hikari_serve.stage import Item, OnText, Provenance, StageResult, check_digests
from hikari_serve.stage import Output as StageOutput


class Model(ABC):
    """What the runners host. A kind says how to ask its engine and how to read the answer.

    Attributes:
        config: The model's configuration.
        provenance: What every result quotes.
        reads: Digest of the index of cases that it reads or searches; None if it does neither.
        digests: What it was made of, as `Item.digests` says it.
        blocking_read: Whether `read` waits for a disk, and so is called in a thread.
    """

    reads: str | None = None
    blocking_read = False

    def __init__(
        self,
        config: ModelConfig,
        provenance: Provenance,
        engine: Engine,
        observer: Observer = NOBODY,
    ) -> None:
        self.config = config
        self.provenance = provenance
        self.digests = {"config": config.digest}
        if provenance.labels is not None:
            self.digests["labels"] = provenance.labels
        self._engine = engine
        self._observer = observer
        self._which = provenance.model, provenance.version
        self._queue = self._queue_of(engine)
        self._calls = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._inputs = {tensor.name for tensor in config.triton.input}

    def take_turns(self, lease: Lease) -> None:
        """Computes from now on only while it has its device; said before the first item.

        Args:
            lease: On the device; held, because the weights are on it.
        """
        self._engine = TurnTaking(
            self._engine,
            lease,
            model=self.provenance.model,
            version=self.provenance.version,
            observer=self._observer,
        )
        self._queue = self._queue_of(self._engine)

    def _queue_of(self, engine: Engine) -> Queue:
        return Queue(
            engine,
            size=self.config.queue_size,
            model=self.provenance.model,
            version=self.provenance.version,
            observer=self._observer,
        )

    @abstractmethod
    def prepare(self, item: Item) -> Asked:
        """What the engine is asked for an item; blocking, called in a thread.

        Raises:
            InvalidInput: The item asks for what this model cannot do.
        """

    @abstractmethod
    def read(self, output: Output, item: Item, asked: Asked) -> StageOutput:
        """Turns the engine's answer to what it was asked into the kind's result."""

    def provenance_of(self, item: Item) -> Provenance:
        """What produced the answer to this item."""
        return self.provenance

    def check_replaces(self, old: "Model") -> None:
        """Returns if those who know what the model was may take this in its place.

        Args:
            old: What answers.

        Raises:
            ConfigError: It names other labels, or reads another index of cases.
        """
        if self.provenance.labels != old.provenance.labels:
            raise ConfigError(
                f"it names the labels {self.provenance.labels}, others than what answers: start "
                "the server anew"
            )
        if self.reads != old.reads:
            raise ConfigError(
                f"it reads the index of cases {self.reads}, another than what answers: unload all "
                "models that read or search the index, then load them"
            )

    async def infer(self, item: Item, on_text: OnText | None = None) -> StageResult:
        """Answers one item; see `Stage.infer`."""
        if unknown := set(item.inputs) - self._inputs:
            raise InvalidInput(
                f"model '{item.model}' has no input '{min(unknown)}'; "
                f"it has {', '.join(sorted(self._inputs))}"
            )
        check_digests(item.model, self.digests, item.digests)
        self._calls += 1
        self._idle.clear()
        came, given = time.monotonic(), item.traceparent
        trace = self._observer.part_traced(given)
        its = partial(ItemEnd, *self._which, given, trace, came)
        try:
            done = await self._queue.submit(
                item.key,
                partial(self.prepare, item),
                deadline=item.deadline,
                priority=item.priority,
                on_text=on_text,
                trace=trace,
            )
            began = time.monotonic()
            if self.blocking_read:
                output = await asyncio.to_thread(self.read, done.output, item, done.asked)
            else:
                output = self.read(done.output, item, done.asked)
            read_s = time.monotonic() - began
        except HikariError as error:
            self._observer.item_done(its(time.monotonic(), error=error.code))
            raise
        finally:
            self._calls -= 1
            if not self._calls:
                self._idle.set()
        parts = _parts(done, came, (began, began + read_s))
        self._observer.item_done(its(began + read_s, parts, done.batch_size))
        return StageResult(
            output=output,
            provenance=self.provenance_of(item),
            prepare_ms=_ms(done.prepare_s),
            queue_ms=_ms(done.queue_s),
            compute_ms=_ms(done.compute_s),
            read_ms=_ms(read_s),
            batch_size=done.batch_size,
        )

    async def died(self) -> str:
        """Waits until the engine can answer nothing any more; see `Engine.died`."""
        return await self._engine.died()

    async def idle(self) -> None:
        """Returns when no call is being answered."""
        await self._idle.wait()

    async def close(self) -> None:
        """Ends the queue and frees the engine."""
        await self._queue.close()
        await self._engine.close()


def _parts(done: Done, came: float, read: tuple[float, float]) -> dict[str, tuple[float, float]]:
    """When an item that came at `came` was in which part; what was before that is not its own."""
    prepared = done.arrived + done.prepare_s
    started = prepared + done.queue_s
    ends = {"prepare": prepared, "queue": started, "compute": started + done.compute_s}
    parts, began = {}, came
    for part, end in ends.items():
        parts[part] = (began, max(began, end))
        began = max(began, end)
    return {**parts, "read": read}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
