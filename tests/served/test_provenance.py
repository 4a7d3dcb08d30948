"""Equal provenance and equal pixels give equal answers: inline and served, alone and in batches."""

import asyncio
import concurrent.futures
import math
import shutil
from pathlib import Path
from typing import Any

import httpx

from hikari_serve.cascade.request import CascadeRequest
from hikari_serve.drawing.cases import Drawing, draw_cases
from hikari_serve.inline import open_cascade
from hikari_serve.presentation.present import present
from hikari_serve.settings import Settings
from tests.scripted import REPOSITORY
from tests.served.conftest import SEED
from tests.served.pictures import png
from tests.served.server import Server

VARYING = ("id", "stages")
"""What tells the request and its times, not what was found."""

ROUNDING = 1e-5
"""A batch changes the order in which float32 sums are made; answers are rounded to 1e-6."""


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """The places at which two answers differ, numbers by more than `ROUNDING`."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [d for key in one for d in differences(one[key], other[key], f"{where}.{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [d for row, pair in pairs for d in differences(*pair, f"{where}[{row}]")]
    if isinstance(one, float) and isinstance(other, float):
        return [] if math.isclose(one, other, abs_tol=ROUNDING) else [f"{where}: {one} {other}"]
    return [] if one == other else [f"{where}: {one} {other}"]


def found(answer: dict[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in answer.items() if field not in VARYING}


async def inline(pictures: list[bytes], settings: Settings | None = None) -> list[dict[str, Any]]:
    async with open_cascade(settings or Settings()) as cascade:
        asked = [CascadeRequest(id="r", image=each) for each in pictures]
        answers = [present(await cascade.run(each)) for each in asked]
    return [answer.model_dump(mode="json") for answer in answers]


def test_equal_provenance_and_pixels_give_equal_answers(server: Server) -> None:
    pictures = [png(drawing.image) for drawing in draw_cases(12, SEED + 2, "mixed")]

    def ask(picture: bytes) -> dict[str, Any]:
        url = f"{server.url}/diagnose"
        return dict(httpx.post(url, files={"image": picture}, timeout=120).json())

    alone = [ask(picture) for picture in pictures]
    with concurrent.futures.ThreadPoolExecutor(36) as pool:
        together = list(pool.map(ask, pictures * 3))
    sizes = {stage["batch_size"] for answer in together for stage in answer["stages"]}
    assert len(sizes) > 1, "no batch was made, so none was tried"
    here = asyncio.run(inline(pictures))
    for row, answer in enumerate(alone):
        for other in (here[row], *together[row :: len(pictures)]):
            assert other["provenance"] == answer["provenance"]
            assert differences(found(answer), found(other)) == []
    assert found(alone[0]) == found(ask(pictures[0]))  # one after the other, to the last digit


def test_another_number_of_cases_is_another_provenance(
    server: Server, drawings: list[Drawing]
) -> None:
    files = {"image": png(drawings[0].image)}

    def ask(**asked: str) -> dict[str, Any]:
        answer = httpx.post(f"{server.url}/diagnose", files=files, data=asked, timeout=60)
        return dict(answer.json()["provenance"])

    own, one, three = ask(), ask(references="1"), ask(references="3")
    assert (own["stages"]["references"]["cases"], own) == (3, three)
    assert one["stages"]["references"]["cases"] == 1
    assert one != three


def test_another_configuration_is_another_provenance(
    drawings: list[Drawing], tmp_path: Path
) -> None:
    picture = png(drawings[0].image)
    (before,) = asyncio.run(inline([picture]))
    for name in ("demo_group", "demo_references", "demo_caption"):
        (tmp_path / name).symlink_to(REPOSITORY.folder(name))
    for name, old, new in (
        ("demo", "abstain:", "abstain:\n    min_probability: 0.99999"),
        ("demo_disease", "min_label_mass: 0.95", "min_label_mass: 0.5"),
    ):
        shutil.copytree(REPOSITORY.folder(name), tmp_path / name)
        config = tmp_path / name / "config.yaml"
        config.write_text(config.read_text().replace(old, new))
    (after,) = asyncio.run(inline([picture], Settings(models=tmp_path)))
    decisions = [answer["disease"]["decision"] for answer in (before, after)]
    assert decisions == ["answered", "abstained"]
    assert before["provenance"]["config"] != after["provenance"]["config"]
    ran, then = before["provenance"]["stages"], after["provenance"]["stages"]
    assert {name for name in ran if ran[name] != then[name]} == {"disease"}
    assert ran["disease"] | {"config": then["disease"]["config"]} == then["disease"]
