"""A host's start: what must be there is tried again, and its process fails without it."""

import asyncio
from pathlib import Path

import pytest

from hikari_serve.errors import Unavailable
from hikari_serve.observer import Observer
from hikari_serve.stage import State
from hikari_serve.tasks import host as hosting
from tests.tasks.hosted import host, item


def test_what_must_be_there_is_tried_again(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosting, "BACKOFF_SECONDS", (0.01, 0.01, 0.01))
    weights, away = models / "demo_group" / "1" / "model.safetensors", models / "away"
    weights.rename(away)
    told: list[str | None] = []

    class Mending(Observer):
        """Puts the weights back after the second failure."""

        def model_loaded(self, model: str, version: int, seconds: float, error: str | None) -> None:
            told.append(error)
            if len(told) == 2:
                away.rename(weights)

    async def main() -> None:
        here = host(models, Mending())
        here.want("demo_group")
        waiting = asyncio.create_task(here.infer(item()))
        await here.start()
        assert [error is None for error in told] == [False, False, True]
        assert (await waiting).provenance.model == "demo_group"
        await here.close()

    asyncio.run(main())


def test_what_cannot_be_loaded_at_last_is_the_process_failing(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosting, "BACKOFF_SECONDS", (0.01,))
    (models / "demo_group" / "1" / "model.safetensors").unlink()

    async def main() -> None:
        here = host(models)
        here.want("demo_group")
        waiting = asyncio.create_task(here.infer(item()))
        await here.start()
        reason = await asyncio.wait_for(here.failed(), 1)
        assert "model 'demo_group' is UNAVAILABLE" in reason
        assert "model.safetensors" in reason
        with pytest.raises(Unavailable, match="is UNAVAILABLE"):
            await waiting
        with pytest.raises(Unavailable, match="is UNAVAILABLE"):
            await here.ready()
        await here.close()

    asyncio.run(main())


@pytest.mark.parametrize("pauses", [(), (0.01,)], ids=["the last attempt", "an earlier one"])
def test_what_is_unloaded_while_its_start_fails_stays_unloaded(
    models: Path, monkeypatch: pytest.MonkeyPatch, pauses: tuple[float, ...]
) -> None:
    monkeypatch.setattr(hosting, "BACKOFF_SECONDS", pauses)
    (models / "demo_group" / "1" / "model.safetensors").unlink()

    async def main() -> None:
        here = host(models)
        here.want("demo_group")
        starting = asyncio.create_task(here.start())
        await asyncio.sleep(0)  # its thread has begun, and what it finds is not heard yet
        await here.unload("demo_group")
        await starting
        (entry,) = here.versions
        assert (entry.state, entry.reason) == (State.UNAVAILABLE, "unloaded")
        assert not here.loading
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(here.failed(), 0.05)
        await here.close()

    asyncio.run(main())
