"""A call that remembers what an engine did with it."""

import asyncio
import math
from collections.abc import Callable, Sequence
from typing import Any

from hikari_serve.engines.contract import Engine, Generate, Output, Prompt, Score
from hikari_serve.stage import DEFAULT_PRIORITY


class Recorder:
    priority = DEFAULT_PRIORITY
    deadline = math.inf

    def __init__(self, request: Any, on_emit: Callable[["Recorder"], None] | None = None) -> None:
        self.request = request
        self.cancelled = False
        self.pieces: list[str] = []
        self.outputs: list[Output] = []
        self.errors: list[Exception] = []
        self._on_emit = on_emit

    @property
    def output(self) -> Output:
        """The one answer of a call that went well."""
        assert not self.errors
        (output,) = self.outputs
        return output

    @property
    def error(self) -> Exception:
        """The one error of a call that did not."""
        assert not self.outputs
        (error,) = self.errors
        return error

    @property
    def ended(self) -> bool:
        return bool(self.outputs or self.errors)

    def emit(self, text: str) -> None:
        assert not self.ended
        self.pieces.append(text)
        if self._on_emit is not None:
            self._on_emit(self)

    def finish(self, output: Output) -> None:
        self.outputs.append(output)

    def fail(self, error: Exception) -> None:
        self.errors.append(error)


def run(engine: Engine, *asked: tuple[Prompt, Score | Generate]) -> list[Recorder]:
    """Answers prompts in one batch."""
    return answer(engine, [Recorder(engine.prepare(*pair)) for pair in asked])


def answer(engine: Engine, calls: Sequence[Recorder]) -> list[Recorder]:
    asyncio.run(engine.run(calls))
    return list(calls)
