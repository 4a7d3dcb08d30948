"""A classifier that reads its label from the model's words, as the card does, or scores it."""

import asyncio
import math
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from safetensors.torch import load_file, save_file

from demo.evaluation.near import NEAR
from demo.evaluation.trials import encoded
from hikari_serve.cascade.request import CascadeRequest
from hikari_serve.cascade.wiring import read_graph
from hikari_serve.drawing.cases import draw_cases
from hikari_serve.engines.contract import Generated
from hikari_serve.errors import ConfigError, EngineFailed
from hikari_serve.inline import open_cascade
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.presentation.present import present
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import ClassifierConfig
from hikari_serve.settings import Settings
from hikari_serve.stage import Item
from hikari_serve.tasks.loading import load_model
from hikari_serve.tasks.naming import ByWords
from tests.scripted import REPOSITORY
from tests.tasks.hosted import VIEW

COUNT = 20


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The demo family, whose disease model writes its answer."""
    root = tmp_path / "models"
    for folder in REPOSITORY.root.glob("demo*"):
        shutil.copytree(folder, root / folder.name)
    change(root, "demo_disease", decoding="generate")
    return root


def change(root: Path, model: str, **hikari: Any) -> None:
    path = root / model / "config.yaml"
    parts = yaml.safe_load(path.read_text())
    if "decoding" in hikari:
        parts["hikari"].pop("min_label_mass")
    parts["hikari"] |= hikari
    parts["triton"]["output"] = [
        each for each in parts["triton"]["output"] if each["name"] != "scores"
    ]
    path.write_text(yaml.safe_dump(parts))


def read(text: str, finish_reason: str = "stop") -> Any:
    settings = REPOSITORY.config("demo_disease").hikari
    assert isinstance(settings, ClassifierConfig)
    labels = LabelSet.find(settings.labels, REPOSITORY.folder("demo_disease"))
    return ByWords(labels, settings).read(Generated(text, finish_reason, 10, 64))  # type: ignore[arg-type]


def test_a_label_from_words_has_no_probability() -> None:
    found = read("</think>\n\nThis image shows psoriasis.")
    assert (found.label, found.decision, found.reason) == ("psoriasis", "answered", None)
    assert (found.probability, found.label_mass, found.scores) == (None, None, {})
    assert found.written == "</think>\n\nThis image shows psoriasis."


@pytest.mark.parametrize(
    "text",
    ["This image shows lupus erythematosus.", "psoriasis?", "", "Either psoriasis or urticaria."],
)
def test_words_that_name_no_one_label_are_unknown(text: str) -> None:
    found = read(text)
    assert (found.label, found.decision) == (None, "unknown")
    assert found.reason == f"the model wrote '{text}', which names no one label of the set"


def test_words_that_were_cut_name_nothing() -> None:
    found = read("This image shows psoriasis", "length")
    assert (found.label, found.decision) == (None, "unknown")
    assert found.reason.startswith("the model had not ended after 64 tokens")


def test_the_cascade_answers_by_words(models: Path) -> None:
    """Most drawings get their disease; no face of the answer holds a probability of it."""

    async def main() -> None:
        right = 0
        async with open_cascade(Settings(models=models), until="disease") as cascade:
            for drawing in draw_cases(COUNT, 5001, "clear"):
                asked = CascadeRequest(id="r", image=encoded(drawing.image), until="disease")
                answer = present(await cascade.run(asked))
                assert answer.disease is not None
                assert answer.disease.probability is None
                assert answer.disease.differential == ()
                right += answer.disease.label == drawing.disease
                assert answer.provenance.stages["disease"].decoding == "generate"
                assert answer.provenance.stages["disease"].temperature is None
        assert right >= 0.9 * COUNT

    asyncio.run(main())


def test_a_set_without_the_true_name_is_unknown(models: Path) -> None:
    """What the model writes is not bent to the nearest name of the set."""
    path = models / "demo_disease" / "labels.yaml"
    labels = yaml.safe_load(path.read_text())
    for label in labels["labels"]:
        label |= {"id": f"near_{label['id']}", "name": NEAR[label["id"]], "aliases": []}
        label["answer"] = label["name"]
    path.write_text(yaml.safe_dump(labels))
    path = models / "demo_caption" / "config.yaml"
    parts = yaml.safe_load(path.read_text())
    del parts["hikari"]["prompt"]["values"]  # its words are for the true ids
    path.write_text(yaml.safe_dump(parts))

    async def main() -> None:
        unknown = 0
        async with open_cascade(Settings(models=models), until="disease") as cascade:
            for drawing in draw_cases(COUNT, 5002, "clear"):
                asked = CascadeRequest(
                    id="r", image=encoded(drawing.image), cases=0, until="disease"
                )
                answer = present(await cascade.run(asked))
                assert answer.disease is not None
                unknown += answer.disease.decision == "unknown"
        assert unknown >= 0.95 * COUNT

    asyncio.run(main())


def test_what_only_scores_have_is_refused(models: Path) -> None:
    change(models, "demo_disease", min_label_mass=0.5)
    with pytest.raises(ConfigError, match="`min_label_mass` goes with `decoding: score`"):
        Repository(models).config("demo_disease")
    shutil.copy(REPOSITORY.folder("demo_disease") / "config.yaml", models / "demo_disease")
    path = models / "demo_disease" / "config.yaml"
    lines = path.read_text().replace("decoding: score", "decoding: generate").splitlines()
    path.write_text("\n".join(line for line in lines if "min_label_mass" not in line))
    with pytest.raises(ConfigError, match="`decoding: generate` gives no `scores`: leave it out"):
        Repository(models).config("demo_disease")


def test_a_rule_on_probability_needs_scores(models: Path) -> None:
    change(models, "demo", abstain={"min_probability": 0.6})
    repository = Repository(models)
    with pytest.raises(ConfigError, match=r"hikari\.abstain\.min_probability: 'demo_disease' has"):
        read_graph(repository.config("demo"), repository)


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_weights_that_compute_no_number_name_nothing(models: Path, broken: float) -> None:
    path = models / "demo_group" / "1" / "model.safetensors"
    weights = load_file(path)
    weights["model.language_model.norm.weight"][0] = broken
    save_file(weights, path, {"format": "pt"})

    async def main() -> None:
        model = load_model(Repository(models), "demo_group", 1, cores=1)
        try:
            await model.infer(
                Item(id="i", model="demo_group", view=VIEW, deadline=time.time() + 60)
            )
        finally:
            await model.close()

    with pytest.raises(EngineFailed, match="probabilities are not finite"):
        asyncio.run(main())
