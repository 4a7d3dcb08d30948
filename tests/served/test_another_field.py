"""A cascade of another field, of configuration alone, serves inline, beside and by URL."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from hikari_serve.drawing.cases import Drawing
from tests.served.pictures import png
from tests.served.server import ROOT, Server, serving

LEAVES = ROOT / "examples" / "leaves"
STAGES = ["organ", "damage", "note"]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("leaves")
    grow(root)
    return root


def grow(root: Path) -> None:
    """Lays the example there, but that its weights answer although they believe in no word."""
    for path in LEAVES.glob("*/*.yaml"):
        parts: dict[str, Any] = yaml.safe_load(path.read_text())
        hikari = parts.get("hikari", {})
        if hikari.get("kind") == "classify":
            hikari["min_label_mass"] = 0
        if "source" in hikari:
            folder = (path.parent / hikari["source"]["folder"]).resolve()
            hikari["source"]["folder"] = str(folder)
        (root / path.parent.name).mkdir(exist_ok=True)
        (root / path.parent.name / path.name).write_text(yaml.safe_dump(parts))


def asked(server: Server, image: bytes, **form: str) -> dict[str, Any]:
    answer = httpx.post(f"{server.url}/diagnose", files={"image": image}, data=form, timeout=60)
    body: dict[str, Any] = answer.json()
    return body


def found(body: dict[str, Any]) -> dict[str, Any]:
    return {stage["name"]: stage["found"] for stage in body["stages"]}


def test_it_serves_wherever_its_stages_run(
    models: Path, drawings: list[Drawing], tmp_path: Path
) -> None:
    image = png(drawings[0].image)
    chosen: dict[str, Any] = {"HIKARI_MODELS": str(models), "HIKARI_CASCADE": "leaf"}
    with serving(tmp_path / "beside", **chosen, HIKARI_DAMAGE_WORKERS="2") as beside:
        body = asked(beside, image)
        assert body["status"] == "complete"
        assert [stage["kind"] for stage in body["stages"]] == ["classify", "classify", "describe"]
        labels = {name: each.get("label") for name, each in found(body).items()}
        assert labels["organ"] in {"leaf", "fruit", "stem"}
        assert labels["damage"] in {"rust", "mildew", "none"}
        assert found(body)["note"]["text"]
        assert (body["group"], body["disease"], body["caption"]) == (None, None, None)
        assert list(found(asked(beside, image, until="organ"))) == ["organ"]
        refused = asked(beside, image, until="group")
        assert refused["error"] == "until is 'group', but this cascade has organ, damage, note"
        stream = httpx.post(f"{beside.url}/diagnose/stream", files={"image": image}, timeout=60)
        events = [line for line in stream.text.splitlines() if line.startswith("event: ")]
        assert events.count("event: stage") == len(STAGES)
        assert events[-1] == "event: answer"
        schema = httpx.get(f"{beside.url}/docs.json").json()
        form = schema["paths"]["/diagnose"]["post"]["requestBody"]["content"]
        until = form["multipart/form-data"]["schema"]["properties"]["until"]
        assert until["enum"] == [*STAGES, None]

    with ExitStack() as stack:
        runner = stack.enter_context(
            serving(
                tmp_path / "damage",
                "runners.stage:StageRunner",
                HIKARI_STAGE="damage",
                HIKARI_DAMAGE_WORKERS="2",
                **chosen,
            )
        )
        said = httpx.get(f"{runner.url}/describe").json()
        assert [hosted["model"] for hosted in said["hosted"]] == ["leaf_damage"]
        assert said["processes"] == 2
        place: dict[str, Any] = {"HIKARI_PLACEMENT": "inline", "HIKARI_DAMAGE_RUNNER": runner.url}
        mixed = stack.enter_context(serving(tmp_path / "mixed", **chosen, **place))
        assert found(asked(mixed, image)) == found(body)


def test_the_example_as_it_stands_is_sure_of_nothing(
    drawings: list[Drawing], tmp_path: Path
) -> None:
    place: dict[str, Any] = {
        "HIKARI_PLACEMENT": "inline",
        "HIKARI_MODELS": str(LEAVES),
        "HIKARI_CASCADE": "leaf",
    }
    with serving(tmp_path / "home", **place) as server:
        body = asked(server, png(drawings[0].image))
    assert body["status"] == "abstained"
    assert {found(body)[name]["decision"] for name in ("organ", "damage")} == {"unknown"}
    (damage,) = [stage for stage in body["stages"] if stage["name"] == "damage"]
    assert damage["missing_inputs"] == ["organ"]
    assert "know nothing of plants" in body["notice"]
