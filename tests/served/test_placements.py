"""process, url and inline give the same answers."""

import asyncio
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from hikari_serve.drawing.cases import Drawing
from tests.served.pictures import png
from tests.served.server import Server, serving

FIELDS = ("status", "group", "disease", "caption", "references", "provenance")


def test_the_same_answers_wherever_stages_run(
    server: Server, drawings: list[Drawing], tmp_path: Path
) -> None:
    images = [png(drawing.image) for drawing in drawings[:4]]

    def answers(url: str) -> list[dict[str, object]]:
        found = []
        for image in images:
            body = httpx.post(f"{url}/diagnose", files={"image": image}, timeout=60).json()
            found.append({field: body[field] for field in FIELDS})
        return found

    beside = answers(server.url)
    with ExitStack() as stack:
        urls: dict[str, Any] = {
            f"HIKARI_{task.upper()}_RUNNER": stack.enter_context(
                serving(tmp_path / task, f"runners.{task}:{task.capitalize()}Runner")
            ).url
            for task in ("disease", "caption")
        }
        mixed = stack.enter_context(serving(tmp_path / "api", HIKARI_PLACEMENT="inline", **urls))
        assert answers(mixed.url) == beside


def test_a_runner_alone_reads_no_pickle(tmp_path: Path) -> None:
    with serving(tmp_path / "group", "runners.group:GroupRunner") as runner:
        headers = {"content-type": "application/vnd.bentoml+pickle"}
        answer = httpx.post(f"{runner.url}/infer", content=b"\x80\x04.", headers=headers)
        assert answer.status_code == 415


def test_nothing_heavy_is_imported_by_the_api() -> None:
    async def main() -> bytes:
        code = (
            "import sys, service; print([m for m in ('torch', 'transformers') if m in sys.modules])"
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE
        )
        return (await process.communicate())[0]

    assert asyncio.run(main()).strip() == b"[]"
