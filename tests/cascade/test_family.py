"""The 8B cascade of the model card on the demo family's weights: its graph, prompts and labels run.

The answers mean nothing, because other weights were trained for these prompts; that every stage can
ask, score its own label set and caption is what is shown.
"""

import asyncio
import io
import shutil
from pathlib import Path

import yaml

from hikari_serve.cascade.request import CascadeRequest
from hikari_serve.drawing.cases import draw_cases
from hikari_serve.inline import open_cascade
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.presentation.answer import Answer
from hikari_serve.presentation.present import present
from hikari_serve.settings import Settings

MODELS = Path(__file__).parents[2] / "models"
WEIGHTS = {"subaru": "demo_group", "sirius": "demo_disease", "vega": "demo_caption"}


def with_demo_weights(root: Path) -> Path:
    """The cascade and its models, each on the small weights of the same task, on the CPU."""
    shutil.copytree(MODELS / "hikari_card", root / "hikari_card")
    shutil.copytree(MODELS / "clip_references", root / "clip_references")
    for name, demo in WEIGHTS.items():
        parts = yaml.safe_load((MODELS / name / "config.yaml").read_text())
        parts["triton"]["backend"] = "transformers"
        parts["hikari"] |= {
            "source": {"folder": str(MODELS / demo / "1")},
            "engine": {"device": "cpu", "dtype": "float32"},
            "thinking": "closed",  # as those weights were trained
            "limits": {**parts["hikari"]["limits"], "max_new_tokens": 16},
        }
        (root / name).mkdir()
        (root / name / "config.yaml").write_text(yaml.safe_dump(parts))
    return root


async def diagnosed(models: Path) -> Answer:
    (case,) = draw_cases(1, seed=77_000)
    picture = io.BytesIO()
    case.image.save(picture, "PNG")
    async with open_cascade(Settings(cascade="hikari_card", models=models)) as cascade:
        found = await cascade.run(CascadeRequest(id="r1", image=picture.getvalue()))
        return present(found, 10)


def test_the_cards_cascade_runs(tmp_path: Path) -> None:
    answer = asyncio.run(diagnosed(with_demo_weights(tmp_path)))
    assert {stage.name: stage.status for stage in answer.stages} == {
        "group": "ok",
        "disease": "ok",
        "caption": "ok",
    }
    assert answer.group and answer.disease and answer.caption  # noqa: PT018
    assert set(answer.group.scores) == {"inflammatory", "benign", "malignant", "acne"}
    diseases = {ranked.label for ranked in answer.disease.differential}
    assert diseases == {label.id for label in LabelSet.shipped("skincap").labels}
    assert answer.caption.text
    ran = answer.provenance.stages
    prompts = {name: str(stage.prompt).partition("@")[0] for name, stage in ran.items()}
    assert prompts == {"group": "group", "disease": "p0", "caption": "caption-guided"}
    assert str(ran["disease"].labels).startswith("skincap@")
