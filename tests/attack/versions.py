"""Versions of models that come and go while a server is asked, and some that cannot come."""

import asyncio
import shutil
from collections import Counter
from pathlib import Path

import httpx

from tests.served.server import ROOT, Server

ADMIN = "a" * 20
MODELS = ("demo_group", "demo_disease")
LOAD_SECONDS = 900.0


def repository(home: Path) -> dict[str, str]:
    """A repository of its own for a server, and the settings by which its models may come and go."""
    shutil.copytree(ROOT / "models", home / "models")
    (home / "keys").write_text(f"admin {ADMIN}\n")
    return {
        "HIKARI_MODELS": str(home / "models"),
        "HIKARI_KEYS": str(home / "keys"),
        "HIKARI_MODEL_CONTROL": "explicit",
    }


async def come_and_go(server: Server, models: Path, pause: float) -> Counter[str]:
    """Loads a second version, a broken third one and the first again, until it is cancelled.

    Args:
        server: The server.
        models: Its repository.
        pause: Seconds between two loads.

    Returns:
        How often each went as it must, `wrong: ...` among it where it did not.
    """
    ends: Counter[str] = Counter()
    headers = {"authorization": f"Bearer {ADMIN}"}
    async with httpx.AsyncClient(
        base_url=server.url, headers=headers, timeout=LOAD_SECONDS
    ) as client:

        async def load(model: str, status: int, what: str) -> None:
            said = await client.post(f"/v2/repository/models/{model}/load")
            ends[what if said.status_code == status else f"wrong: {what}: {said.text}"] += 1
            await asyncio.sleep(pause)

        try:
            while True:
                for model in MODELS:
                    second, third = models / model / "2", models / model / "3"
                    shutil.copytree(models / model / "1", second)
                    await load(model, 200, "second version")
                    third.mkdir()
                    await load(model, 400, "empty version")
                    shutil.rmtree(third)
                    shutil.rmtree(second)
                    await load(model, 200, "first version")
        except asyncio.CancelledError:
            return ends
