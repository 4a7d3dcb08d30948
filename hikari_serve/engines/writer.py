"""One answer as its tokens come: first thoughts, which nobody hears, then words."""

from collections.abc import Sequence
from typing import Literal

from hikari_serve.engines.chat import Chat
from hikari_serve.engines.contract import Call, Generated
from hikari_serve.errors import EngineFailed


class Writer:
    """Takes the tokens of one call's answer, emits its words and finishes it.

    Attributes:
        call: Who hears the words.
        left: Tokens that the model may still write.
        ended: Whether the call is finished.
    """

    def __init__(self, call: Call, chat: Chat, max_thinking: int) -> None:
        """Args:
        call: Who hears the words.
        chat: The checkpoint's words.
        max_thinking: Tokens in which the model must end its thinking; 0 ends it unthought.
        """
        self.call = call
        self.ended = False
        self._chat = chat
        self._max_thinking = max_thinking
        self._max_new_tokens: int = call.request.want.max_new_tokens
        self._thinking = max_thinking > 0
        self.left = max_thinking or self._max_new_tokens
        self._stream = chat.stream()
        self._text = ""
        self._tokens = 0

    @property
    def until(self) -> frozenset[int]:
        """The tokens behind which the model does not go on as it did."""
        return self._chat.stops | ({self._chat.think_end} if self._thinking else set())

    def take(self, token: int) -> Sequence[int]:
        """Takes the next token of the answer; finishes the call if it was the last.

        The call fails if the last came before the model had ended its thinking.

        Returns:
            What the model reads next: the token, more if thinking ends, nothing after the last.
        """
        self._tokens += 1
        self.left -= 1
        if token in self._chat.stops:
            return self._end("stop")
        if self._thinking and token == self._chat.think_end:
            self._thinking = False
            self.left = self._max_new_tokens
            return self._chat.closing
        if not self._thinking and (text := self._stream.step(token)):
            self._text += text
            self.call.emit(text)
        return (token,) if self.left else self._end("length")

    def _end(self, reason: Literal["stop", "length"]) -> tuple[()]:
        self.ended = True
        if self._thinking:  # no words are no answer, and a whole one least of all
            thinking = f"the model did not finish thinking in {self._max_thinking} tokens"
            self.call.fail(EngineFailed(thinking))
            return ()
        work = self.call.request.work
        self.call.finish(Generated(self._text, reason, work, self._tokens))
        return ()
