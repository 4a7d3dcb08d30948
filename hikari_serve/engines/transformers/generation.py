"""Decodes answers greedily, a token a step for every row, each row with an end of its own."""

from collections.abc import Sequence
from typing import Literal

from transformers import Qwen3VLForConditionalGeneration

from hikari_serve.engines.chat import Chat
from hikari_serve.engines.contract import Call, Generated
from hikari_serve.engines.transformers.sequences import Sequences


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


class Writer:
    """One answer on its way: first the thoughts, which nobody hears, then the words.

    Attributes:
        call: Who hears the words.
    """

    def __init__(self, call: Call, chat: Chat, max_thinking: int) -> None:
        self.call = call
        self._chat = chat
        self._max_new_tokens: int = call.request.want.max_new_tokens
        self._thinking = max_thinking > 0
        self._left = max_thinking or self._max_new_tokens
        self._stream = chat.stream()
        self._text = ""
        self._tokens = 0

    def take(self, token: int) -> Sequence[int]:
        """Takes the next token of the answer; finishes the call if it was the last.

        Returns:
            What the model reads next: the token, more if thinking ends, nothing after the last.
        """
        self._tokens += 1
        self._left -= 1
        if token in self._chat.stops:
            return self._end("stop")
        if self._thinking and token == self._chat.think_end:
            self._thinking = False
            self._left = self._max_new_tokens
            return self._chat.closing
        if not self._thinking and (text := self._stream.step(token)):
            self._text += text
            self.call.emit(text)
        return (token,) if self._left else self._end("length")

    def _end(self, reason: Literal["stop", "length"]) -> tuple[()]:
        work = self.call.request.work
        self.call.finish(Generated(self._text, reason, work, self._tokens))
        return ()
