"""The card behind FastAPI computes as its documentation shows: one answer at a time."""

import asyncio
from collections.abc import Sequence

import httpx
import pytest

from benchmarks.card_cascade import CardCascade
from benchmarks.cascade_result import CascadeResult
from benchmarks.pictures import Pictures
from benchmarks.rivals import behind_fastapi
from benchmarks.rivals.answer import read

CLIENTS = 3


class Watched(CardCascade):
    """Counts how many answers are computed at once."""

    busy = most = 0

    def diagnose(self, files: Sequence[bytes]) -> list[CascadeResult]:
        self.busy += 1
        self.most = max(self.most, self.busy)
        found = super().diagnose(files)
        self.busy -= 1
        return found


async def answers(pictures: Sequence[bytes]) -> tuple[list[CascadeResult], int]:
    app = behind_fastapi.app
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://rival") as client,
    ):
        card = behind_fastapi.models["card"]
        assert isinstance(card, Watched)
        asked = (client.post("/diagnose", files={"image": picture}) for picture in pictures)
        found = [read(each.raise_for_status().content) for each in await asyncio.gather(*asked)]
        return found, card.most


def test_clients_of_fastapi_are_answered_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(behind_fastapi, "CardCascade", Watched)
    found, most = asyncio.run(answers(Pictures().drawings(CLIENTS)))
    assert [bool(each.caption) for each in found] == [True] * CLIENTS
    assert most == 1
