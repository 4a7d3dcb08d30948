"""The two kinds that answer: an engine as the queue runs it, and the card's snippet."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

from transformers import Qwen2Tokenizer, Qwen2VLImageProcessorPil, Qwen3VLForConditionalGeneration

from benchmarks.card_model import CardModel
from benchmarks.gpu.questions import Item, Question
from hikari_serve.engines.checkpoints import load_image_processor, load_model
from hikari_serve.engines.contract import Generated, LanguageEngine, Output, Score, Scored
from hikari_serve.engines.devices import open_device
from hikari_serve.stage import DEFAULT_PRIORITY

FAR = 4e9
"""A deadline, in seconds since the epoch, that nothing here meets."""


class Side(Protocol):
    """Answers items."""

    def seconds(self, items: Sequence[Item]) -> float:
        """How long it takes to answer them all, asked at once: pictures to answers."""

    def close(self) -> None:
        """Frees everything."""


class Answered:
    """A call to the engine that keeps its answer."""

    priority = DEFAULT_PRIORITY
    deadline = FAR
    cancelled = False

    def __init__(self, request: Any) -> None:
        self.request = request
        self.output: Output = None
        self.error: Exception | None = None

    def emit(self, text: str) -> None:
        """Nobody listens."""

    def finish(self, output: Output) -> None:
        """Keeps the answer."""
        self.output = output

    def fail(self, error: Exception) -> None:
        """Keeps why there is none."""
        self.error = error


class Ours:
    """An engine of this server, given its work as the queue gives it."""

    def __init__(self, engine: LanguageEngine) -> None:
        self.engine = engine
        self._loop = asyncio.Runner()

    def seconds(self, items: Sequence[Item]) -> float:
        began = perf_counter()
        static = self.engine.concurrency == 1
        self._loop.run(self._in_batches(items) if static else self._at_once(items))
        return perf_counter() - began

    def close(self) -> None:
        self._loop.run(self.engine.close())
        self._loop.close()

    async def _at_once(self, items: Sequence[Item]) -> None:
        """For continuous batching: every item goes its own way, so many at a time as it may."""
        places = asyncio.Semaphore(self.engine.concurrency)

        async def one(question: Question) -> None:
            async with places:
                call = await asyncio.to_thread(self._prepared, question)
                await self.engine.run([call])
            check(call, question)

        async def whole(item: Item) -> None:
            for wave in item:
                await asyncio.gather(*map(one, wave))

        await asyncio.gather(*map(whole, items))

    async def _in_batches(self, items: Sequence[Item]) -> None:
        """For static batches: a stage after the other, all items in as few batches as may be."""
        for waves in zip(*items, strict=True):
            for questions in zip(*waves, strict=True):
                asked = [(self._prepared(question), question) for question in questions]
                for batch in self._batches(asked):
                    await self.engine.run([call for call, _ in batch])
                for call, question in asked:
                    check(call, question)

    def _prepared(self, question: Question) -> Answered:
        return Answered(self.engine.prepare(question.prompt, question.want))

    def _batches(
        self, asked: Sequence[tuple[Answered, Question]]
    ) -> Iterator[list[tuple[Answered, Question]]]:
        batch: list[tuple[Answered, Question]] = []
        for pair in asked:
            longest = max(call.request.work for call, _ in [*batch, pair])
            over = longest * (len(batch) + 1) > self.engine.max_work
            if batch and (over or len(batch) == self.engine.max_batch):
                yield batch
                batch = []
            batch.append(pair)
        yield batch


def check(call: Answered, question: Question) -> None:
    """Raises what the engine failed with, or that it did less than it was asked.

    A caption is as long as it was asked to be, and the likely label is read to its end.
    """
    if call.error:
        raise call.error
    if call.output is None:
        raise RuntimeError("the engine gave no answer")
    if isinstance(call.output, Generated) and call.output.new_tokens != question.written:
        raise RuntimeError(f"{call.output.new_tokens} tokens, not {question.written}")
    likely = question.want.answers.answers[0] if isinstance(question.want, Score) else None
    if likely and isinstance(call.output, Scored) and likely not in call.output.logprobs:
        raise RuntimeError("the label that the checkpoint makes likely was not read to its end")


class Card:
    """The snippet of the authors' model card: `generate` for each question, one after the other."""

    def __init__(self, folder: Path, device: str, dtype: str) -> None:
        self._model = load_model(
            Qwen3VLForConditionalGeneration, folder, open_device(device), dtype
        )
        self._model.generation_config.eos_token_id = None
        self._model.generation_config.pad_token_id = 0
        self._tokenizer = Qwen2Tokenizer.from_pretrained(folder)
        self._pictures = load_image_processor(Qwen2VLImageProcessorPil, folder)

    def seconds(self, items: Sequence[Item]) -> float:
        began = perf_counter()
        for item in items:
            for question in (question for wave in item for question in wave):
                asked = CardModel(self._model, self._tokenizer, self._pictures, question.settings)
                asked.ask(question.picture, question.written, question.inputs, question.cases)
        return perf_counter() - began

    def close(self) -> None:
        del self._model
