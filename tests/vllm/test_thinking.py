"""A model that thinks before it answers, on both engines."""

import asyncio
from pathlib import Path

import pytest

from hikari_serve.engines.contract import Generate, LanguageEngine, Score
from hikari_serve.errors import EngineFailed
from tests.engines.taught import ANSWERS, question, teach
from tests.vllm.conftest import Open
from tests.vllm.prompts import asked

LABELS = ("It is red.", "It is rose.", "It is red like a ruby.", "It is green.", ANSWERS["blue"])


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("taught")
    teach(folder)
    return folder


@pytest.fixture(scope="module")
def pair(opened: Open, checkpoint: Path) -> tuple[LanguageEngine, LanguageEngine]:
    settings = {
        "folder": checkpoint,
        "max_context": 128,
        "max_new_tokens": 64,
        "thinking": "natural",
    }
    return opened("transformers", **settings), opened("vllm", **settings)


Pair = tuple[LanguageEngine, LanguageEngine]


def test_both_write_the_same_behind_their_thoughts(loop: asyncio.Runner, pair: Pair) -> None:
    questions = [question("red"), question("red", "blue"), question("green", "red", "green")]
    ours, theirs = (asked(loop, engine, questions, Generate(48)) for engine in pair)
    assert [call.output for call in ours] == [call.output for call in theirs]
    assert [call.output.text for call in theirs] == [
        ANSWERS[colour] for colour in ("red", "blue", "green")
    ]
    assert all("".join(call.pieces) == call.output.text for call in theirs)


def test_both_score_the_same_behind_their_thoughts(loop: asyncio.Runner, pair: Pair) -> None:
    for colours in (["red"], ["green", "blue"]):
        rows = []
        for engine in pair:
            trie = engine.answer_trie(LABELS)
            (call,) = asked(loop, engine, [question(*colours)], Score(trie))
            rows.append(trie.distribution(call.output.logprobs))
        (ours, mass), (theirs, other_mass) = rows
        assert theirs == pytest.approx(ours, abs=1e-4)
        assert other_mass == pytest.approx(mass, abs=1e-4)


def test_a_model_that_thinks_on_and_on_is_no_answer(
    loop: asyncio.Runner, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, vllm = pair
    monkeypatch.setattr(vllm, "_max_thinking", 2)
    for want in (Score(vllm.answer_trie(LABELS)), Generate(48)):
        (call,) = asked(loop, vllm, [question("blue")], want)
        assert isinstance(call.error, EngineFailed)
        assert "did not finish thinking in 2 tokens" in str(call.error)
        assert not call.pieces
