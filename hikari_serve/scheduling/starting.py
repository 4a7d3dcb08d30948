"""Models that share an accelerator start one at a time, whichever process they start in.

While a model loads and warms up it takes more memory than it keeps, and engines such as vLLM
measure what is free; two that do so at once take each other's.
"""

import logging
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from filelock import FileLock

from hikari_serve.errors import ConfigError
from hikari_serve.scheduling.lease import Lease
from hikari_serve.scheduling.locking import acquire, taken

logger = logging.getLogger(__name__)


@asynccontextmanager
async def starting(device: str, locks: Path, *, turns: bool) -> AsyncIterator[Lease | None]:
    """Keeps a device to the one model that starts on it.

    Args:
        device: By torch's name; on the CPU nobody need wait.
        locks: Folder by which processes agree.
        turns: Whether the model shares the device by turns.

    Yields:
        The lease, if it takes turns. It is held, and stays so if the start went well, because
        then the model is awake.

    Raises:
        ConfigError: The folder cannot be written.
    """
    if device == "cpu" and not turns:
        yield None
        return
    folder = locks / physical_name(device)
    try:
        lease = Lease(folder)
        lock = FileLock(folder / "start.lock", thread_local=False)
        if not taken(lock):
            logger.info("waiting until another model has started on %s", device)
            await acquire(lock)
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be written ({error.strerror}): processes that share {device} agree "
            "there; set HIKARI_LOCKS to a folder that all of them can write"
        ) from error
    try:
        if not turns:
            yield None
            return
        asked = time.time()
        await lease.acquire(lambda: asked)
        try:
            yield lease
        except BaseException:
            lease.release()
            raise
    finally:
        lock.release()


def physical_name(device: str) -> str:
    """Names a device alike in processes that count devices differently.

    `cuda:0` is the first of those that CUDA_VISIBLE_DEVICES shows to this process.
    """
    kind, _, number = device.partition(":")
    if kind != "cuda":
        return device
    index = int(number or 0)
    shown = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    return f"cuda-{shown[index].strip() if index < len(shown) and shown[index] else index}"
