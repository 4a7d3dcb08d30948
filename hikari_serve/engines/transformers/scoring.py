"""Reads the probabilities of a closed set of answers: one prefill, then a short pass a parting."""

from collections.abc import Sequence

import torch
from transformers import Qwen3VLForConditionalGeneration

from hikari_serve.engines.chat import Chat
from hikari_serve.engines.contract import Call, Scored
from hikari_serve.engines.transformers.sequences import Sequences
from hikari_serve.errors import EngineFailed
from hikari_serve.labels.trie import AnswerTrie, TokenPath


def score(
    model: Qwen3VLForConditionalGeneration,
    chat: Chat,
    calls: Sequence[Call],
    answers: AnswerTrie,
    max_thinking: int,
) -> None:
    """Scores the same answers for every call of a batch, and finishes the calls.

    The first pass reads the thinking as if it ended at once. Where the model would rather think,
    it is let, and the answers are read again behind its thoughts; a call whose model does not end
    them in time fails with `EngineFailed`.

    Args:
        model: The weights.
        chat: Their words.
        calls: Whose prompts to read.
        answers: What to score.
        max_thinking: Tokens in which the model must end its thinking; 0 ends it unthought.
    """
    sequences = Sequences(model)
    prompts = [call.request for call in calls]
    common, head = len(answers.prefix), (*chat.closing, *answers.prefix)
    logits = sequences.start(prompts, head, 1 + (len(head) if max_thinking else common))
    if max_thinking and (logits[:, 0].argmax(dim=-1) != chat.think_end).any():
        sequences.rewind(len(head))
        calls = _think(sequences, logits[:, :1], chat, calls, max_thinking)
        if not calls:
            return
        logits = sequences.extend([head] * len(calls), 1 + common)
    read: list[dict[TokenPath, float]] = [{} for _ in calls]
    places = [(row, answers.prefix[:depth]) for row in read for depth in range(common + 1)]
    _note(answers, places, logits[:, -1 - common :].flatten(0, 1))
    while any(onward := [answers.onward(row) for row in read]):
        if all(call.cancelled for call in calls):
            return
        places = [
            (row, path[: depth + 1])
            for row, paths in zip(read, onward, strict=True)
            for path in paths
            for depth in range(common, len(path))
        ]
        ways = [[path[common:] for path in paths] for paths in onward]
        _note(answers, places, sequences.peek(ways))
    for call, row in zip(calls, read, strict=True):
        call.finish(Scored(row, call.request.work))


def _note(
    answers: AnswerTrie,
    places: Sequence[tuple[dict[TokenPath, float], TokenPath]],
    logits: torch.Tensor,
) -> None:
    """Notes how probable the answers' next tokens are at some places.

    Args:
        answers: Which tokens those are.
        places: Where to note it, and the path to the place.
        logits: (places, vocabulary).
    """
    pairs = [(at, token) for at, (_, path) in enumerate(places) for token in answers.nexts[path]]
    at, tokens = torch.tensor(pairs, device=logits.device).T
    logits = logits.float()
    values = iter((logits[at, tokens] - logits.logsumexp(dim=-1)[at]).tolist())
    for row, path in places:
        row.update({(*path, token): next(values) for token in answers.nexts[path]})


def _think(
    sequences: Sequences,
    logits: torch.Tensor,
    chat: Chat,
    calls: Sequence[Call],
    max_thinking: int,
) -> list[Call]:
    """Lets every row write until `</think>` is next; keeps the rows that came so far."""
    thinking = set(range(len(calls)))
    ended: set[int] = set()
    for _ in range(max_thinking):
        tokens = logits[:, -1].argmax(dim=-1).tolist()
        ended |= {row for row in thinking if tokens[row] == chat.think_end}
        thinking = {
            row
            for row in thinking - ended
            if tokens[row] not in chat.stops and not calls[row].cancelled
        }
        if not thinking:
            break
        logits = sequences.extend(
            [(token,) if row in thinking else () for row, token in enumerate(tokens)]
        )
    for row in set(range(len(calls))) - ended:
        calls[row].fail(EngineFailed(f"the model did not finish thinking in {max_thinking} tokens"))
    kept = sorted(ended)
    sequences.select(kept)
    return [calls[row] for row in kept]
