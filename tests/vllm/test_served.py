"""The cascade as a user serves it, its prompted stages on vLLM."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from hikari_serve.cascade.request import CascadeRequest
from hikari_serve.drawing.cases import draw_cases
from hikari_serve.inline import open_cascade
from hikari_serve.presentation.present import present
from hikari_serve.settings import Settings
from tests.eventually import eventually
from tests.served.pictures import png
from tests.served.server import Server, serving, wait_ready
from tests.vllm.conftest import MODELS
from tests.vllm.prompts import SEED
from tests.vllm.test_death import kill_engine

START_SECONDS = 300.0
"""Three engines start at once, on as few as two cores."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, vllm_models: Path) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("server")
    with serving(home, seconds=START_SECONDS, HIKARI_MODELS=str(vllm_models)) as running:
        yield running


def on_transformers(images: list[bytes]) -> list[dict[str, Any]]:
    """The answers of the same cascade in this process, on transformers."""

    async def answers() -> list[dict[str, Any]]:
        async with open_cascade(Settings(models=MODELS)) as cascade:
            found = [
                await cascade.run(CascadeRequest(id=str(number), image=image))
                for number, image in enumerate(images)
            ]
        return [present(each).model_dump(mode="json") for each in found]

    return asyncio.run(answers())


def test_it_answers_like_the_one_on_transformers(server: Server) -> None:
    images = [png(case.image) for case in draw_cases(10, SEED)]
    expected = on_transformers(images)
    for image, ours in zip(images, expected, strict=True):
        answer = httpx.post(f"{server.url}/diagnose", files={"image": image}, timeout=60).json()
        assert answer["status"] == ours["status"]
        for stage in ("group", "disease"):
            for field in ("label", "decision"):
                assert answer[stage][field] == ours[stage][field]
            for field in ("probability", "label_mass"):
                assert answer[stage][field] == pytest.approx(ours[stage][field], abs=1e-3)
        assert answer["caption"] == ours["caption"]
        assert [case["id"] for case in answer["references"]] == [
            case["id"] for case in ours["references"]
        ]
        engines = {row["engine"].split()[0] for row in answer["provenance"]["stages"].values()}
        assert engines == {"vllm", "transformers"}  # the references are always on transformers


def test_words_are_streamed(server: Server) -> None:
    image = png(next(draw_cases(1, SEED)).image)
    with httpx.stream(
        "POST", f"{server.url}/diagnose/stream", files={"image": image}, timeout=60
    ) as response:
        text = "".join(response.iter_text())
    assert response.status_code == 200
    assert text.count("event: words") > 5


def test_vllms_own_metrics_stand_beside_ours(server: Server) -> None:
    said = httpx.get(f"{server.url}/metrics").text
    for name in ("demo_group", "demo_disease", "demo_caption"):
        line = f'vllm:generation_tokens_total{{engine="0",model_name="{name}"}}'
        (count,) = [row.rsplit(" ", 1)[1] for row in said.splitlines() if row.startswith(line)]
        assert float(count) > 0


def unready(server: Server) -> str:
    """Why the server is not ready; nothing if it is."""
    answer = httpx.get(f"{server.url}/readyz", timeout=5)
    return answer.text if answer.status_code == 503 else ""


def test_a_runner_whose_engine_died_is_replaced(server: Server) -> None:
    image = png(next(draw_cases(1, SEED)).image)
    before = server.worker("DiseaseRunner")
    worker = psutil.Process(before)
    kill_engine(before)
    until = time.monotonic() + 30
    while worker.is_running() and time.monotonic() < until:
        time.sleep(0.1)
    assert not worker.is_running()
    assert eventually(lambda: "disease" in unready(server))  # the next one takes long to load
    assert "this process ends" in server.log.read_text()
    wait_ready(server, START_SECONDS)
    assert server.worker("DiseaseRunner") != before
    after = httpx.post(f"{server.url}/diagnose", files={"image": image}, timeout=60).json()
    assert after["status"] == "complete"
