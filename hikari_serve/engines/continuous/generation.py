"""Decodes an answer greedily and lets its words be heard as they come."""

from hikari_serve.engines.chat import Chat
from hikari_serve.engines.continuous.session import Session
from hikari_serve.engines.contract import Call
from hikari_serve.engines.writer import Writer
from hikari_serve.errors import EngineFailed


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
