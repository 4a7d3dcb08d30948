"""The part of such an engine that answers calls, and lets go of those nobody waits for."""

import asyncio
from abc import abstractmethod
from collections.abc import Sequence

from hikari_serve.engines.chat import Chat
from hikari_serve.engines.continuous.generation import generate
from hikari_serve.engines.continuous.scoring import score
from hikari_serve.engines.continuous.session import Session
from hikari_serve.engines.contract import Call, LanguageEngine, Score
from hikari_serve.errors import ConfigError
from hikari_serve.labels.trie import AnswerTrie

CANCEL_SECONDS = 0.05
"""How often a call is asked whether anybody still waits; then the engine is told to stop."""


class ContinuousEngine(LanguageEngine):
    """Takes calls one by one, many at a time; the engine inside batches them by itself."""

    max_batch = 1

    def __init__(self, chat: Chat, *, max_thinking: int, max_new_tokens: int) -> None:
        """Args:
        chat: The checkpoint's words.
        max_thinking: Tokens in which the model must end its thinking; 0 ends it unthought.
        max_new_tokens: Tokens that an answer has room for.
        """
        self._chat = chat
        self._max_thinking = max_thinking
        self._max_new_tokens = max_new_tokens

    @abstractmethod
    def _session(self, call: Call) -> Session:
        """What asks the engine about a call's prompt."""

    def answer_trie(self, answers: Sequence[str]) -> AnswerTrie:
        trie = self._chat.answer_trie(answers)
        if (longest := max(map(len, trie.answers))) > self._max_new_tokens:
            raise ConfigError(
                f"an answer has {longest} tokens: set `limits.max_new_tokens` to that at least"
            )
        return trie

    async def run(self, calls: Sequence[Call]) -> None:
        await asyncio.gather(*(self._while_wanted(call) for call in calls))

    async def _while_wanted(self, call: Call) -> None:
        """Answers a call, and aborts its requests when nobody waits any more."""
        work = asyncio.create_task(self._answer(call))
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=CANCEL_SECONDS)
                if call.cancelled:
                    work.cancel()
        finally:
            work.cancel()

    async def _answer(self, call: Call) -> None:
        session = self._session(call)
        try:
            if isinstance(call.request.want, Score):
                await score(session, self._chat, call, self._max_thinking)
            else:
                await generate(session, self._chat, call, self._max_thinking)
        except Exception as error:
            call.fail(error)
