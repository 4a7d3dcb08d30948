"""Asking about several pictures at once."""

import asyncio
import errno
import os
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from hikari_serve.client import AsyncClient, Options
from hikari_serve.errors import HikariError
from hikari_serve.presentation.answer import Answer

CONCURRENT = 8
"""Pictures asked for at once: as many as the demo models take in a batch."""

Ask = Callable[[Path], Awaitable[Answer]]
"""Answers one picture; a server does, or the cascade in this process."""


@asynccontextmanager
async def at_server(url: str, key: str, options: Options) -> AsyncIterator[Ask]:
    """Asks the server at `url`, with a key where it asks for keys."""
    async with AsyncClient(url, key=key) as client:
        yield lambda image: client.diagnose(image, **options)


def unreadable(image: Path) -> str | None:
    """Why a picture's file cannot be read; None if it can, or if only reading it would tell."""
    try:
        if stat.S_ISDIR(image.stat().st_mode):
            return os.strerror(errno.EISDIR)
    except OSError as error:
        return error.strerror or str(error)
    return None if os.access(image, os.R_OK) else os.strerror(errno.EACCES)


async def answers(
    images: Sequence[Path], ask: Ask, step: Callable[[], None]
) -> AsyncIterator[tuple[Path, Answer | str]]:
    """Asks for several pictures at once.

    Args:
        images: The pictures.
        ask: Answers one.
        step: Called whenever one is done.

    Yields:
        Each picture in order, with its answer or the sentence that says why there is none.
    """
    room = asyncio.Semaphore(CONCURRENT)

    async def outcome(image: Path) -> Answer | str:
        try:
            async with room:
                return await ask(image)
        except HikariError as error:
            return error.message
        except OSError as error:
            return error.strerror or str(error)
        finally:
            step()

    tasks = [asyncio.create_task(outcome(image)) for image in images]
    try:
        for image, task in zip(images, tasks, strict=True):
            yield image, await task
    finally:
        for task in tasks:
            task.cancel()
