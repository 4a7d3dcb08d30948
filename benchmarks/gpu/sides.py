"""The two that answer: the card's snippet, and the transformers engine as the queue runs it."""

import asyncio
import math
from collections.abc import Sequence
from time import perf_counter
from typing import Any

from benchmarks.card_model import CardModel
from benchmarks.gpu.stages import Question, Stage
from benchmarks.gpu.subject import Subject
from hikari_serve.engines.contract import Generate, Generated, Output, Score
from hikari_serve.engines.prompt_reader import PromptReader
from hikari_serve.engines.transformers.backend import MAX_BATCH_TOKENS
from hikari_serve.engines.transformers.engine import TransformersEngine
from hikari_serve.engines.transformers.preparation import Preparation
from hikari_serve.stage import DEFAULT_PRIORITY


class Answered:
    """A call to the engine that keeps its answer."""

    priority = DEFAULT_PRIORITY
    deadline = math.inf
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


class Card:
    """The snippet: `generate` for each picture, one after the other; it has no batches."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    def seconds(self, stage: Stage, questions: Sequence[Question]) -> float:
        """How long a batch takes, pictures to answers."""
        subject = self._subject
        asked = CardModel(subject.model, subject.tokenizer, subject.pictures, stage.settings)
        began = perf_counter()
        for question in questions:
            asked.ask(question.picture, stage.written, cases=question.cases)
        return perf_counter() - began


class Ours:
    """The engine: labels are scored, and a batch is computed together."""

    def __init__(self, subject: Subject, *, batch: int, threads: int | None = None) -> None:
        reader = PromptReader(subject.chat, MAX_BATCH_TOKENS, max_images=4)
        self.engine = TransformersEngine(
            subject.model,
            subject.chat,
            Preparation(reader, subject.pictures, subject.model),
            subject.model.device,
            name="benchmark",
            threads=threads,
            max_batch=batch,
            max_work=MAX_BATCH_TOKENS,
            max_thinking=0,
        )

    def seconds(self, stage: Stage, questions: Sequence[Question]) -> tuple[float, float]:
        """How long a batch takes, pictures to answers; and of that, what turns it into tensors.

        In the server that is done while the engine computes the batch before.
        """
        want = Score(stage.answers) if stage.answers else Generate(stage.written)
        began = perf_counter()
        calls = [Answered(self.engine.prepare(question.prompt, want)) for question in questions]
        prepared = perf_counter()
        asyncio.run(self.engine.run(calls))
        ended = perf_counter()
        for call in calls:
            if call.error:
                raise call.error
            if isinstance(call.output, Generated) and call.output.new_tokens != stage.written:
                raise RuntimeError(f"{call.output.new_tokens} tokens, not {stage.written}")
        return ended - began, prepared - began

    def tokens(self, stage: Stage, question: Question) -> int:
        """Length of a question's prompt, image tokens included."""
        return self.engine.prepare(question.prompt, Generate(1)).work

    def close(self) -> None:
        """Frees the weights."""
        asyncio.run(self.engine.close())
