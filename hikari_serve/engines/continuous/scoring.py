"""Reads the probabilities of a closed set of answers, a request for each place that is read.

The first request reads the prompt; the others find it in the engine's prefix cache and run
together.
"""

import asyncio
from collections.abc import Sequence

from hikari_serve.engines.chat import Chat
from hikari_serve.engines.continuous.session import Session
from hikari_serve.engines.contract import Call, Scored
from hikari_serve.errors import EngineFailed
from hikari_serve.labels.trie import AnswerTrie

Place = tuple[Sequence[int], Sequence[int]]
"""Tokens behind the prompt, and the tokens whose probability to come next is read."""


async def score(session: Session, chat: Chat, call: Call, max_thinking: int) -> None:
    """Scores the answers that a call asks for and finishes it.

    Args:
        session: Asks about the call's prompt.
        chat: The checkpoint's words.
        call: What to score.
        max_thinking: Tokens in which the model must end its thinking; 0 ends it unthought.

    Raises:
        HikariError: The model did not end its thinking, or the engine failed.
    """
    answers: AnswerTrie = call.request.want.answers
    prefix = answers.prefix
    before = [*await _think(session, chat, max_thinking), *chat.closing]
    # each token of the common beginning, behind those before it; then the branches
    places: list[Place] = [(prefix[:depth], (token,)) for depth, token in enumerate(prefix)]
    places += [(branch.path, branch.children) for branch in answers.branches]
    read = await _read(session, before, places[:1]) + await _read(session, before, places[1:])
    beginning, branches = read[: len(prefix)], read[len(prefix) :]
    prefix_logprob = sum(logprob for (logprob,) in beginning)
    call.finish(Scored(prefix_logprob, branches, call.request.work))


async def _think(session: Session, chat: Chat, max_thinking: int) -> list[int]:
    """What the model thinks before `</think>`; nothing if it need not think."""
    if not max_thinking:
        return []
    until = chat.stops | {chat.think_end}
    thoughts = [token async for token in session.write([], max_thinking, until)]
    if thoughts[-1:] != [chat.think_end]:
        raise EngineFailed(f"the model did not finish thinking in {max_thinking} tokens")
    return thoughts[:-1]


async def _read(
    session: Session, before: Sequence[int], places: Sequence[Place]
) -> list[list[float]]:
    """The log-probabilities at several places, asked for at once; one failure ends all."""
    try:
        async with asyncio.TaskGroup() as group:
            reads = [
                group.create_task(session.logprobs([*before, *path], of)) for path, of in places
            ]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [read.result() for read in reads]
