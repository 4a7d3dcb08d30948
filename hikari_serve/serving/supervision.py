"""What a process does that can answer nothing more: it ends, so that its supervisor acts."""

import asyncio
import logging
import os
from contextlib import suppress

from hikari_serve.tasks.host import Host

logger = logging.getLogger(__name__)

EXIT_CODE = 1
FAREWELL_SECONDS = 10.0
"""Within this the running calls are told that they failed, and the other engines are ended."""


async def exit_when_failed(host: Host) -> None:
    """Waits until what the host must have is dead or cannot be loaded, then ends this process.

    BentoML starts the process of a service anew; in a container of its own, the orchestrator
    starts the container.
    """
    reason = await host.failed()
    logger.critical("%s; this process ends, and its supervisor must start a new one", reason)
    with suppress(Exception):
        await asyncio.wait_for(host.close(), FAREWELL_SECONDS)
    os._exit(EXIT_CODE)  # a worker of BentoML's would answer SIGTERM with exit code 0
