import math

import pytest
import torch
from transformers import Qwen3VLForConditionalGeneration

from hikari_serve.engines.contract import Generate, Prompt, Score
from hikari_serve.engines.transformers.engine import TransformersEngine
from hikari_serve.labels.trie import AnswerTrie
from tests.engines.recorder import run
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
    engine: TransformersEngine, prompt: Prompt, before: list[int], trie: AnswerTrie
) -> tuple[list[float], float]:
    """The distribution over the answers and their mass, from one whole pass for each answer."""
    scores, mass = [], 0.0
    for answer in trie.answers:
        logprobs = whole_sequence_logprobs(engine, prompt, [*before, *answer], len(answer))
        score = raw = 0.0
        for depth, token in enumerate(answer):
            siblings = {row[depth] for row in trie.answers if row[:depth] == answer[:depth]}
            values = logprobs[depth]
            if len(siblings) > 1:
                score += float(values[token] - values[list(siblings)].logsumexp(0))
            if len(siblings) > 1 or depth < len(trie.prefix):
                raw += float(values[token])
        scores.append(math.exp(score))
        mass += math.exp(raw)
    return scores, mass


@pytest.mark.parametrize("colour", ["red", "green", "blue"])
def test_scores_are_those_of_whole_sequences(closed: TransformersEngine, colour: str) -> None:
    trie = closed.answer_trie(LABELS)
    assert len(trie.prefix) > 0
    assert len(trie.branches) > 2
    prompt = question("red", "blue", colour)
    (call,) = run(closed, (prompt, Score(trie)))
    scores, mass = trie.distribution(call.output.prefix_logprob, call.output.logprobs)
    before = closed._chat.closing
    true_scores, true_mass = brute_force(closed, prompt, [*before], trie)
    assert scores == pytest.approx(true_scores, abs=1e-5)
    assert mass == pytest.approx(true_mass, abs=1e-5)
    assert sum(scores) == pytest.approx(1)


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
    true_scores, _ = brute_force(natural, prompt, before, trie)
    scores, _ = trie.distribution(call.output.prefix_logprob, call.output.logprobs)
    assert scores == pytest.approx(true_scores, abs=1e-5)


def test_a_taught_answer_is_recognised(closed: TransformersEngine) -> None:
    trie = closed.answer_trie(list(ANSWERS.values()))
    calls = run(closed, *[(question(colour), Score(trie)) for colour in ANSWERS])
    for row, call in enumerate(calls):
        scores, mass = trie.distribution(call.output.prefix_logprob, call.output.logprobs)
        assert scores.index(max(scores)) == row
        assert mass > 0.5


def test_answers_without_a_common_beginning(closed: TransformersEngine) -> None:
    trie = closed.answer_trie(["It is red.", "Sky", "Leaves"])
    assert trie.prefix == ()
    (call,) = run(closed, (question("red"), Score(trie)))
    assert call.output.prefix_logprob == 0.0
    scores, _ = trie.distribution(0.0, call.output.logprobs)
    assert scores[0] > 0.9
