"""Engines that batch by themselves: they are asked for single tokens of one prompt.

Such an engine (vLLM, SGLang) gives a `Session` for each call. Scoring over the answer trie (a
request for each place that is read: the first reads the prompt, the others find it in the engine's
prefix cache, and those of a round run together), thinking and streaming are the same for all of
them and stand here.
"""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any, Protocol

from hikari_serve.engines.chat import Chat
from hikari_serve.engines.contract import Call, LanguageEngine, Score, Scored
from hikari_serve.engines.writer import Writer
from hikari_serve.errors import ConfigError, EngineFailed
from hikari_serve.labels.trie import AnswerTrie, TokenPath

CANCEL_SECONDS = 0.05
"""How often a call is asked whether anybody still waits; then the engine is told to stop."""


class Session(Protocol):
    """Requests to the engine that answer one call; they share its prompt, adapter and priority.

    Cancelling a method aborts its request in the engine.
    """

    async def logprobs(self, then: Sequence[int], of: Sequence[int]) -> list[float]:
        """Log-probabilities of some tokens behind the prompt and `then`.

        They are those of the model's whole vocabulary, before any temperature.

        Raises:
            HikariError: The engine refused the prompt, failed or died.
        """

    def write(self, then: Sequence[int], at_most: int, until: frozenset[int]) -> AsyncIterator[int]:
        """The tokens that the model writes behind the prompt and `then`, greedily.

        Args:
            then: What it has written already.
            at_most: Tokens to write.
            until: Tokens behind which it stops; that one comes as well.

        Raises:
            HikariError: The engine refused the prompt, failed or died.
        """


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


async def score(session: Session, chat: Chat, call: Call, max_thinking: int) -> None:
    """Scores the answers that a call asks for and finishes it.

    The first request reads the prompt and where the answers part, as if the model thought nothing.
    Whether it would think is asked with the rest: only if it does, all is read again behind that.

    Args:
        session: Asks about the call's prompt.
        chat: The checkpoint's words.
        call: What to score.
        max_thinking: Tokens in which the model must end its thinking; 0 ends it unthought.

    Raises:
        HikariError: The model did not end its thinking, or the engine failed.
    """
    answers: AnswerTrie = call.request.want.answers
    read: dict[TokenPath, float] = {}
    await _note(session, chat.closing, answers, [answers.prefix], read)
    thoughts, _ = await _together(
        _think(session, chat, max_thinking), _follow(session, chat.closing, answers, read)
    )
    if thoughts:
        read = {}
        await _follow(session, [*thoughts, *chat.closing], answers, read)
    call.finish(Scored(read, call.request.work))


async def _think(session: Session, chat: Chat, max_thinking: int) -> list[int]:
    """What the model thinks before `</think>`; nothing if it need not think."""
    if not max_thinking:
        return []
    until = chat.stops | {chat.think_end}
    thoughts = [token async for token in session.write([], max_thinking, until)]
    if thoughts[-1:] != [chat.think_end]:
        raise EngineFailed(f"the model did not finish thinking in {max_thinking} tokens")
    return thoughts[:-1]


async def _follow(
    session: Session, before: Sequence[int], answers: AnswerTrie, read: dict[TokenPath, float]
) -> None:
    """Reads the answers on, round by round, to the end of those that may be likely."""
    while ends := answers.onward(read):
        ways = {end[:depth] for end in ends for depth in range(len(end) + 1)}
        fresh = [path for path in sorted(ways) if (*path, answers.nexts[path][0]) not in read]
        await _note(session, before, answers, fresh, read)


async def _note(
    session: Session,
    before: Sequence[int],
    answers: AnswerTrie,
    paths: Sequence[TokenPath],
    read: dict[TokenPath, float],
) -> None:
    """Asks at once how probable the answers' next tokens are behind some paths, and notes it."""
    asked = [session.logprobs([*before, *path], answers.nexts[path]) for path in paths]
    for path, logprobs in zip(paths, await _together(*asked), strict=True):
        for token, logprob in zip(answers.nexts[path], logprobs, strict=True):
            read[(*path, token)] = logprob


async def _together(*work: Coroutine[Any, Any, Any]) -> list[Any]:
    """Waits for several results; the first failure ends all."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in work]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


async def generate(session: Session, chat: Chat, call: Call, max_thinking: int) -> None:
    """Writes the answer to a call and finishes it.

    The engine is asked once, or twice where the model thinks first: behind its thoughts the answer
    begins with tokens that are forced.

    Args:
        session: Asks about the call's prompt.
        chat: The checkpoint's words.
        call: Who hears them.
        max_thinking: Tokens in which the model must end its thinking; 0 ends it unthought.

    Raises:
        HikariError: The engine failed.
    """
    writer = Writer(call, chat, max_thinking)
    written: list[int] = [] if max_thinking else [*chat.closing]
    while not writer.ended:
        before = len(written)
        async for token in session.write([*written], writer.left, writer.until):
            written += writer.take(token)
        if len(written) == before and not writer.ended:
            raise EngineFailed("the engine wrote nothing")
