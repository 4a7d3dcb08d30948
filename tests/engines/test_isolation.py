from collections.abc import Sequence

import pytest
import torch

from hikari_serve.engines.contract import Call, Generate, Score
from hikari_serve.engines.isolation import answer_isolated
from hikari_serve.engines.transformers.engine import TransformersEngine
from hikari_serve.errors import EngineFailed
from tests.engines.recorder import Recorder, answer, run
from tests.engines.taught import ANSWERS, question


class Item:
    def __init__(self, name: str, work: int = 1) -> None:
        self.name = name
        self.work = work


def records(*names: str) -> list[Recorder]:
    return [Recorder(Item(name, len(name))) for name in names]


def names(calls: Sequence[Call]) -> list[str]:
    return [call.request.name for call in calls]


def relieve() -> None:
    pass


def test_only_the_guilty_item_fails() -> None:
    def compute(calls: Sequence[Call]) -> None:
        if "bad" in names(calls):
            raise ValueError("no such pixel")
        for call in calls:
            call.finish(call.request.name)

    one, bad, two = calls = records("one", "bad", "two")
    answer_isolated(compute, calls, relieve)
    assert (one.output, two.output) == ("one", "two")
    assert isinstance(bad.error, EngineFailed)
    assert str(bad.error) == "ValueError: no such pixel"


def test_a_batch_that_does_not_fit_is_halved() -> None:
    sizes: list[int] = []
    relieved: list[None] = []

    def compute(calls: Sequence[Call]) -> None:
        sizes.append(len(calls))
        if len(calls) > 2 or "wide" in names(calls):
            raise torch.OutOfMemoryError
        for call in calls:
            call.finish(call.request.name)

    *small, wide = calls = records("a", "b", "c", "d", "wide")
    answer_isolated(compute, calls, lambda: relieved.append(None))
    assert [call.output for call in small] == ["a", "b", "c", "d"]
    assert str(wide.error) == "no memory for an item of 4 tokens, even alone"
    assert sizes == [5, 3, 2, 1, 2, 1, 1]
    assert len(relieved) == 4


@pytest.mark.parametrize("words", ["MPS backend out of memory", "can't allocate memory: 1 bytes"])
def test_memory_that_runs_out_in_words(words: str) -> None:
    def compute(calls: Sequence[Call]) -> None:
        raise RuntimeError(words)

    (call,) = calls = records("x")
    answer_isolated(compute, calls, relieve)
    assert "no memory" in str(call.error)


def test_a_second_attempt_repeats_no_word() -> None:
    attempts = 0

    def compute(calls: Sequence[Call]) -> None:
        nonlocal attempts
        attempts += 1
        for word in ("It ", "is ", "red."):
            for call in calls:
                call.emit(word)
            if attempts == 1 and word == "is ":
                raise RuntimeError("broken")
        for call in calls:
            call.finish("It is red.")

    calls = records("one", "two")
    answer_isolated(compute, calls, relieve)
    assert attempts == 3
    for call in calls:
        assert call.pieces == ["It ", "is ", "red."]
        assert call.output == "It is red."


def test_a_second_attempt_that_reads_otherwise_fails() -> None:
    attempts = 0

    def compute(calls: Sequence[Call]) -> None:
        nonlocal attempts
        attempts += 1
        for call in calls:
            call.emit("red" if attempts == 1 else "blue")
        if attempts == 1:
            raise RuntimeError("broken")

    calls = records("one", "two")
    answer_isolated(compute, calls, relieve)
    for call in calls:
        assert call.pieces == ["red"]
        assert "broke off" in str(call.error)


def test_the_answered_and_the_cancelled_are_not_computed_again() -> None:
    seen: list[list[str]] = []

    def compute(calls: Sequence[Call]) -> None:
        seen.append(names(calls))
        calls[0].finish("done")
        if len(calls) > 1:
            gone.cancelled = True
            raise RuntimeError("broken")

    early, gone, late = calls = records("early", "gone", "late")
    answer_isolated(compute, calls, relieve)
    assert seen == [["early", "gone", "late"], ["late"]]
    assert (early.output, late.output) == ("done", "done")
    assert not gone.ended


def test_an_engine_short_of_memory_answers_all_the_same(closed: TransformersEngine) -> None:
    def full(module: object, args: object, kwargs: dict[str, torch.Tensor]) -> None:
        if len(kwargs["position_ids"][0]) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")

    trie = closed.answer_trie(list(ANSWERS.values()))
    asked = [(question(colour), want) for want in (Score(trie), Generate(40)) for colour in ANSWERS]
    handle = closed._model.model.language_model.register_forward_pre_hook(full, with_kwargs=True)
    calls = run(closed, *asked)
    handle.remove()
    for call, alone in zip(calls, [run(closed, pair)[0] for pair in asked], strict=True):
        assert call.output == alone.output


def test_an_engine_that_breaks_midway_repeats_no_word(closed: TransformersEngine) -> None:
    steps = 0

    def break_once(module: object, args: object) -> None:
        nonlocal steps
        steps += 1
        if steps == 5:
            raise RuntimeError("a cosmic ray")

    requests = [closed.prepare(question(colour), Generate(40)) for colour in ("green", "blue")]
    handle = closed._model.lm_head.register_forward_pre_hook(break_once)
    calls = answer(closed, [Recorder(request) for request in requests])
    handle.remove()
    for call, colour in zip(calls, ("green", "blue"), strict=True):
        assert "".join(call.pieces) == call.output.text == ANSWERS[colour]
