"""Reads the probabilities of a closed set of answers: one prefill, then a short step a branch."""

from collections.abc import Sequence

import torch
from transformers import Qwen3VLForConditionalGeneration

from hikari_serve.engines.chat import Chat
from hikari_serve.engines.contract import Call, Scored
from hikari_serve.engines.transformers.sequences import Sequences
from hikari_serve.errors import EngineFailed
from hikari_serve.labels.trie import AnswerTrie


def score(
    model: Qwen3VLForConditionalGeneration,
    chat: Chat,
    calls: Sequence[Call],
    answers: AnswerTrie,
    max_thinking: int,
) -> None:
    """Scores the same answers for every call of a batch, and finishes the calls.

    A call whose model does not end its thinking in time fails with `EngineFailed`.

    Args:
        model: The weights.
        chat: Their words.
        calls: Whose prompts to read.
        answers: What to score.
        max_thinking: Tokens in which the model must end its thinking; 0 ends it unthought.
    """
    sequences = Sequences(model)
    prompts = [call.request for call in calls]
    head = (*chat.closing, *answers.prefix)
    keep = len(answers.prefix) + 1
    if max_thinking:
        calls = _think(sequences, sequences.start(prompts), chat, calls, max_thinking)
        if not calls:
            return
        logits = sequences.extend([head] * len(calls), keep)
    else:
        logits = sequences.start(prompts, head, keep)
    logprobs = _logprobs(logits)
    prefix = torch.tensor(answers.prefix, dtype=torch.long)
    prefix_logprobs = logprobs[:, torch.arange(len(prefix)), prefix].sum(dim=1).tolist()
    branches = [logprobs[:, -1, answers.branches[0].children].tolist()]
    for branch in answers.branches[1:]:
        if all(call.cancelled for call in calls):
            return
        rest = branch.path[len(prefix) :]
        logprobs = _logprobs(sequences.extend([rest] * len(calls)))
        branches.append(logprobs[:, -1, branch.children].tolist())
        sequences.rewind(len(rest))
    for call, prefix_logprob, *read in zip(calls, prefix_logprobs, *branches, strict=True):
        call.finish(Scored(prefix_logprob, read, call.request.work))


def _logprobs(logits: torch.Tensor) -> torch.Tensor:
    return logits.float().log_softmax(dim=-1)


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
