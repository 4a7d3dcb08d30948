"""Keeps the items of a batch apart: what one item does wrong ends that item only.

Engines whose batches stand or fall together compute through `answer_isolated`. A batch that does
not fit in memory is halved until it does; a batch that fails otherwise is computed again item by
item, so that the guilty one is found and the others are answered.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hikari_serve.engines.contract import Call, Output
from hikari_serve.engines.devices import is_out_of_memory
from hikari_serve.errors import EngineFailed

logger = logging.getLogger(__name__)

Compute = Callable[[Sequence[Call]], None]
"""Answers every call of a batch that is not cancelled, or raises."""


class Attempt:
    """A call whose answer may have to be computed again: a `Call` that repeats no word.

    Greedy decoding writes the same text the second time, so what was said before is skipped.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._said = ""
        self._text = ""
        self.answered = False

    @property
    def request(self) -> Any:
        return self._call.request

    @property
    def priority(self) -> int:
        return self._call.priority

    @property
    def deadline(self) -> float:
        return self._call.deadline

    @property
    def cancelled(self) -> bool:
        return self._call.cancelled

    @property
    def over(self) -> bool:
        """Whether nothing is left to compute."""
        return self.answered or self.cancelled

    def restart(self) -> None:
        """Begins the answer anew."""
        self._text = ""

    def emit(self, text: str) -> None:
        self._text += text
        if not (self._text.startswith(self._said) or self._said.startswith(self._text)):
            raise RuntimeError("the answer broke off, and its second attempt reads otherwise")
        if fresh := self._text[len(self._said) :]:
            self._said = self._text
            self._call.emit(fresh)

    def finish(self, output: Output) -> None:
        self.answered = True
        self._call.finish(output)

    def fail(self, error: Exception) -> None:
        self.answered = True
        self._call.fail(error)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a batch failed. The exception itself would keep the batch's tensors in memory."""

    reason: str
    out_of_memory: bool


def answer_isolated(compute: Compute, calls: Sequence[Call], relieve: Callable[[], None]) -> None:
    """Answers every call that is not cancelled, whatever `compute` raises.

    Args:
        compute: Computes a batch.
        calls: The batch.
        relieve: Frees cached memory; called before a batch that did not fit is tried in halves.
    """
    _answer(compute, [Attempt(call) for call in calls], relieve)


def _answer(compute: Compute, attempts: Sequence[Attempt], relieve: Callable[[], None]) -> None:
    batch = [attempt for attempt in attempts if not attempt.over]
    if not batch:
        return
    for attempt in batch:
        attempt.restart()
    failure = _failure(compute, batch)
    if failure is None:
        return
    if failure.out_of_memory:
        relieve()
    left = [attempt for attempt in batch if not attempt.over]
    if len(batch) == 1:
        for attempt in left:
            attempt.fail(EngineFailed(failure.reason))
        return
    size = (len(left) + 1) // 2 if failure.out_of_memory else 1
    for start in range(0, len(left), size):
        _answer(compute, left[start : start + size], relieve)


def _failure(compute: Compute, batch: Sequence[Call]) -> Failure | None:
    try:
        compute(batch)
    except Exception as error:
        logger.warning("a batch of %d failed", len(batch), exc_info=True)
        if is_out_of_memory(error):
            tokens = max(call.request.work for call in batch)
            return Failure(f"no memory for an item of {tokens} tokens, even alone", True)
        return Failure(f"{type(error).__name__}: {error}", False)
    return None
