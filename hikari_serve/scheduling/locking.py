"""Locks on files that processes agree by, taken without blocking the event loop."""

import asyncio

from filelock import FileLock, Timeout

POLL_SECONDS = 0.02
"""How often a process looks whether the files have changed; what they guard takes far longer."""


def taken(lock: FileLock) -> bool:
    """Takes a lock if it is free; whether it is held now."""
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    return True


async def acquire(lock: FileLock) -> None:
    """Waits for a lock; a caller who gives up, by a timeout or cancelled, does not hold it."""
    while not taken(lock):
        await asyncio.sleep(POLL_SECONDS)
