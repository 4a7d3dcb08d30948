"""The third reference: the server as a user starts it, asked over HTTP by this process."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import aiohttp

from benchmarks.cascade_result import CascadeResult
from benchmarks.passes import Pass, closed_loop
from hikari_serve.settings import Settings
from tests.served.server import Server, serving

TIMEOUT_SECONDS = 600.0
HIKARI = "service:Hikari"


@contextmanager
def started(settings: Settings, service: str = HIKARI) -> Iterator[tuple[Server, float]]:
    """Serves until the block ends.

    Args:
        settings: Which models and which cascade; the rest stays as it is by default.
        service: What to serve.

    Yields:
        The server, and the seconds from the command to the first 200 of `/readyz`.
    """
    with TemporaryDirectory() as home:
        began = perf_counter()
        models = str(settings.models.resolve())
        with serving(
            Path(home), service, HIKARI_MODELS=models, HIKARI_CASCADE=settings.cascade
        ) as server:
            yield server, perf_counter() - began


def measure(
    url: str,
    pictures: Sequence[bytes],
    clients: int,
    read: Callable[[bytes], CascadeResult] = CascadeResult.read,
) -> Pass[CascadeResult]:
    """One pass over `/diagnose`, each picture as the file of a form.

    Args:
        url: The server, or a rival.
        pictures: Encoded pictures.
        clients: How many ask at once.
        read: Parses an answer, when the clock has stopped.
    """
    return asyncio.run(_measure(url, pictures, clients)).read(read)


async def _measure(url: str, pictures: Sequence[bytes], clients: int) -> Pass[bytes]:
    # httpx, written in Python, would take more of the cores that the server is measured on.
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(url, timeout=timeout, raise_for_status=True) as client:

        async def ask(picture: bytes) -> bytes:
            form = aiohttp.FormData()
            form.add_field("image", BytesIO(picture), filename="lesion")
            async with client.post("/diagnose", data=form) as answer:
                return await answer.read()

        return await closed_loop(ask, pictures, clients)
