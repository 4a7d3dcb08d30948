import math
from collections.abc import Mapping, Sequence

import pytest
import torch
from transformers import Qwen3VLForConditionalGeneration

from hikari_serve.engines.contract import Generate, Prompt, Score, Scored
from hikari_serve.engines.transformers.engine import TransformersEngine
from hikari_serve.labels.trie import LEAST, AnswerTrie, TokenPath
from tests.engines.recorder import run
from tests.engines.steps import Steps
from tests.engines.taught import ANSWERS, question

LABELS = ("It is red.", "It is rose.", "It is red like a ruby.", "It is green.", ANSWERS["blue"])


def whole_sequence_logprobs(
    engine: TransformersEngine, prompt: Prompt, then: list[int], count: int
) -> torch.Tensor:
    """Log-probabilities of every token at the last `count` places of prompt and `then`.

    One forward pass of transformers' own, without cache, padding or positions of ours.
    """
    request = engine.prepare(prompt, Generate(1))
    model: Qwen3VLForConditionalGeneration = engine._model
    ids = torch.cat([request.input_ids, torch.tensor(then)])[None]
    with torch.inference_mode():
        logits: torch.Tensor = model(
            input_ids=ids,
            mm_token_type_ids=(ids == model.config.image_token_id).int(),
            pixel_values=request.pixels,
            image_grid_thw=request.grids,
        ).logits
    return logits[0, -count - 1 : -1].log_softmax(dim=-1)


def brute_force(
    engine: TransformersEngine, prompt: Prompt, before: Sequence[int], trie: AnswerTrie
) -> dict[TokenPath, float]:
    """The log-probability of every token of every answer, from one whole pass for each answer."""
    read = {}
    for answer in trie.answers:
        logprobs = whole_sequence_logprobs(engine, prompt, [*before, *answer], len(answer))
        for depth, token in enumerate(answer):
            read[answer[: depth + 1]] = float(logprobs[depth, token])
    return read


def check(trie: AnswerTrie, scored: Scored, truth: Mapping[TokenPath, float]) -> None:
    """What was read is true, and enough for the labels' probabilities."""
    assert trie.onward(scored.logprobs) == []
    assert dict(scored.logprobs) == pytest.approx(
        {path: truth[path] for path in scored.logprobs}, abs=1e-4
    )
    whole = [
        math.exp(sum(truth[answer[:depth]] for depth in range(1, len(answer) + 1)))
        for answer in trie.answers
    ]
    scores, mass = trie.distribution(scored.logprobs)
    assert mass == pytest.approx(sum(whole), abs=len(whole) * LEAST)
    assert scores == pytest.approx(
        [share / sum(whole) for share in whole], abs=len(whole) * LEAST / sum(whole)
    )
    assert sum(scores) == pytest.approx(1)


@pytest.mark.parametrize("colour", ["red", "green", "blue"])
def test_scores_are_those_of_whole_sequences(closed: TransformersEngine, colour: str) -> None:
    trie = closed.answer_trie(LABELS)
    assert len(trie.prefix) > 0
    assert sum(len(tokens) > 1 for tokens in trie.nexts.values()) > 2
    prompt = question("red", "blue", colour)
    (call,) = run(closed, (prompt, Score(trie)))
    check(trie, call.output, brute_force(closed, prompt, closed._chat.closing, trie))


def test_scores_come_after_the_models_own_thoughts(natural: TransformersEngine) -> None:
    trie = natural.answer_trie(LABELS)
    prompt = question("blue")
    (call,) = run(natural, (prompt, Score(trie)))
    thoughts: list[int] = []
    while thoughts[-1:] != [natural._chat.think_end]:
        logprobs = whole_sequence_logprobs(natural, prompt, [*thoughts, 0], 1)
        thoughts.append(int(logprobs[0].argmax()))
    assert len(thoughts) > 5
    before = [*thoughts[:-1], *natural._chat.closing]
    check(trie, call.output, brute_force(natural, prompt, before, trie))


@pytest.mark.parametrize("colours", [["red"], ["red", "red", "red"]])
def test_a_model_that_thinks_nothing_is_scored_without_generation(
    natural: TransformersEngine, closed: TransformersEngine, colours: list[str]
) -> None:
    want = Score(natural.answer_trie(LABELS))
    prompts = [question(colour) for colour in colours]
    passes = []
    for engine in (closed, natural):
        with Steps(engine) as steps:
            calls = run(engine, *[(prompt, want) for prompt in prompts])
        passes.append(len(steps.rows))
        truth = brute_force(engine, prompts[0], engine._chat.closing, want.answers)
        for call in calls:
            check(want.answers, call.output, truth)
    assert passes[0] == passes[1] <= 4


def test_rows_that_think_and_rows_that_do_not_share_a_batch(natural: TransformersEngine) -> None:
    want = Score(natural.answer_trie(LABELS))
    asked = [(question(colour), want) for colour in ("red", "blue", "green")]
    together = [call.output.logprobs for call in run(natural, *asked)]
    alone = [run(natural, pair)[0].output.logprobs for pair in asked]
    for one, other in zip(together, alone, strict=True):
        assert dict(one) == pytest.approx(dict(other), abs=1e-4)


def test_a_taught_answer_is_recognised(closed: TransformersEngine) -> None:
    trie = closed.answer_trie(list(ANSWERS.values()))
    calls = run(closed, *[(question(colour), Score(trie)) for colour in ANSWERS])
    for row, call in enumerate(calls):
        scores, mass = trie.distribution(call.output.logprobs)
        assert scores[row] > 0.95
        assert mass > 0.3  # it was taught for seconds, and the longest answer has thirty tokens


def test_answers_without_a_common_beginning(closed: TransformersEngine) -> None:
    trie = closed.answer_trie(["It is red.", "Sky", "Leaves"])
    assert trie.prefix == ()
    prompt = question("red")
    (call,) = run(closed, (prompt, Score(trie)))
    check(trie, call.output, brute_force(closed, prompt, closed._chat.closing, trie))
    assert trie.distribution(call.output.logprobs)[0][0] > 0.9
