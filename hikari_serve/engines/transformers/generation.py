"""Decodes answers greedily, a token a step for every row, each row with an end of its own."""

from collections.abc import Sequence

from transformers import Qwen3VLForConditionalGeneration

from hikari_serve.engines.chat import Chat
from hikari_serve.engines.contract import Call
from hikari_serve.engines.transformers.sequences import Sequences
from hikari_serve.engines.writer import Writer


def generate(
    model: Qwen3VLForConditionalGeneration,
    chat: Chat,
    calls: Sequence[Call],
    max_thinking: int,
) -> None:
    """Writes an answer for every call of a batch; a call that ends is finished at once.

    Args:
        model: The weights.
        chat: Their words.
        calls: Whose prompts to read; one that is cancelled stops at the next step.
        max_thinking: Tokens in which the model must end its thinking; 0 ends it unthought.
    """
    writers = [Writer(call, chat, max_thinking) for call in calls]
    sequences = Sequences(model)
    head = () if max_thinking else chat.closing
    logits = sequences.start([call.request for call in calls], head)
    while True:
        tokens = logits[:, -1].argmax(dim=-1).tolist()
        chunks = [
            () if writer.call.cancelled else writer.take(token)
            for writer, token in zip(writers, tokens, strict=True)
        ]
        going = [row for row, chunk in enumerate(chunks) if chunk]
        if not going:
            return
        sequences.select(going)
        writers = [writers[row] for row in going]
        logits = sequences.extend([chunks[row] for row in going])
