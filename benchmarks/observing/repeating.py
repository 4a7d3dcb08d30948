"""Engines that compute once and then repeat their answer.

What a request costs besides is all that is left then, and two milliseconds of it can be seen.
"""

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from hikari_serve.engines.contract import Call, Generated, Output
from hikari_serve.engines.torch_engine import TorchEngine

_compute = TorchEngine.run
_said: WeakKeyDictionary[TorchEngine, Output] = WeakKeyDictionary()


class _Overheard:
    """A call whose answer is kept."""

    def __init__(self, call: Call, engine: TorchEngine) -> None:
        self._call = call
        self._engine = engine

    @property
    def request(self) -> object:
        return self._call.request

    @property
    def deadline(self) -> float:
        return self._call.deadline

    @property
    def priority(self) -> int:
        return self._call.priority

    @property
    def cancelled(self) -> bool:
        return self._call.cancelled

    def emit(self, text: str) -> None:
        self._call.emit(text)

    def finish(self, output: Output) -> None:
        _said[self._engine] = output
        self._call.finish(output)

    def fail(self, error: Exception) -> None:
        self._call.fail(error)


async def _repeat(engine: TorchEngine, calls: Sequence[Call]) -> None:
    if (output := _said.get(engine)) is None:
        await _compute(engine, [_Overheard(call, engine) for call in calls])
        return
    for call in calls:
        if isinstance(output, Generated):
            call.emit(output.text)
        call.finish(output)


TorchEngine.run = _repeat  # type: ignore[assignment, method-assign]
