"""The cascade in the process of the command; asking a server needs nothing of this."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from hikari_serve.cascade.request import CascadeRequest
from hikari_serve.cli.diagnose.asking import Ask
from hikari_serve.cli.terminal import loading
from hikari_serve.client import Options
from hikari_serve.inline import open_cascade
from hikari_serve.presentation.answer import TOP_K, Answer
from hikari_serve.presentation.present import present
from hikari_serve.settings import Settings


@asynccontextmanager
async def in_this_process(options: Options) -> AsyncIterator[Ask]:
    """Loads the stages that the options need, and runs the cascade here."""
    settings = Settings.from_environment()
    asked: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    top_k = asked.pop("top_k", TOP_K)
    asked["cases"] = asked.pop("references", None)
    needed = open_cascade(
        settings, until=options.get("until"), retrieve=asked["cases"] != 0, shown=loading
    )
    async with needed as cascade:

        async def ask(image: Path) -> Answer:
            picture = await asyncio.to_thread(image.read_bytes)
            request = CascadeRequest(id=uuid.uuid4().hex, image=picture, **asked)
            return present(await cascade.run(request), top_k)

        yield ask
