import pytest

from hikari_serve.engines.contract import Generate, Prompt, Score
from hikari_serve.engines.transformers.engine import TransformersEngine
from tests.engines.recorder import Recorder, answer, run
from tests.engines.taught import ANSWERS, question

PROMPTS = {
    "one": question("blue"),
    "small": question("red", sizes=[(32, 64)]),
    "two": question("red", "green"),
    "three": question("green", "red", "blue"),
    "none": Prompt([{"role": "user", "content": "Which colour is the sky?"}], []),
}
LABELS = ("It is red.", "It is rose.", "It is green: 皮膚.", "A green one.", ANSWERS["blue"])


@pytest.mark.parametrize("thinking", ["closed", "natural"])
def test_a_batch_writes_what_its_items_write_alone(
    thinking: str, request: pytest.FixtureRequest
) -> None:
    engine: TransformersEngine = request.getfixturevalue(thinking)
    asked = [(prompt, Generate(40)) for prompt in PROMPTS.values()]
    alone = [run(engine, pair)[0] for pair in asked]
    assert [_end(call) for call in run(engine, *asked)] == [_end(call) for call in alone]
    # asked what it was not taught, the model thinks on and on
    assert [name for name, call in zip(PROMPTS, alone, strict=True) if call.errors] == (
        ["none"] if thinking == "natural" else []
    )


def _end(call: Recorder) -> object:
    return [str(error) for error in call.errors] or call.output


@pytest.mark.parametrize("thinking", ["closed", "natural"])
def test_a_batch_scores_what_its_items_score_alone(
    thinking: str, request: pytest.FixtureRequest
) -> None:
    engine: TransformersEngine = request.getfixturevalue(thinking)
    want = Score(engine.answer_trie(LABELS))
    asked = [(prompt, want) for name, prompt in PROMPTS.items() if name != "none"]
    together = [call.output for call in run(engine, *asked)]
    for output, alone in zip(
        together, [run(engine, pair)[0].output for pair in asked], strict=True
    ):
        assert output.prompt_tokens == alone.prompt_tokens
        assert dict(output.logprobs) == pytest.approx(dict(alone.logprobs), abs=1e-4)
    assert dict(together[0].logprobs) != pytest.approx(dict(together[1].logprobs), abs=0.1)


def test_scores_and_texts_share_a_batch(closed: TransformersEngine) -> None:
    one, other = Score(closed.answer_trie(LABELS)), Score(closed.answer_trie(LABELS[:2]))
    asked = [(question("blue"), want) for want in (one, Generate(40), other, one)]
    scored, written, narrow, again = (call.output for call in run(closed, *asked))
    assert written.text == ANSWERS["blue"]
    assert dict(scored.logprobs) == pytest.approx(dict(again.logprobs), abs=1e-4)
    assert {path[:-1] for path in narrow.logprobs} <= set(other.answers.nexts)
    assert other.answers.onward(narrow.logprobs) == []


def test_a_batch_of_cancelled_calls_computes_nothing(closed: TransformersEngine) -> None:
    call = Recorder(None)
    call.cancelled = True
    answer(closed, [call])
    assert not call.ended
