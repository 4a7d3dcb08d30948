"""Wiring that would lose something in silence is refused, with file, field and what is right."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from hikari_serve.cascade.graph import Graph, Wire
from hikari_serve.cascade.wiring import read_graph
from hikari_serve.errors import ConfigError
from hikari_serve.repository.repository import Repository

MODELS = Path(__file__).parents[2] / "models"

Parts = dict[str, Any]
Change = Callable[[Parts, list[Parts]], object]


def read(tmp_path: Path, change: Change) -> Graph:
    for folder in MODELS.iterdir():
        (tmp_path / folder.name).mkdir()
        for file in folder.glob("*.yaml"):
            (tmp_path / folder.name / file.name).write_text(file.read_text())
    path = tmp_path / "demo" / "config.yaml"
    parts = yaml.safe_load(path.read_text())
    change(parts, parts["triton"]["ensemble_scheduling"]["step"])
    path.write_text(yaml.safe_dump(parts))
    repository = Repository(tmp_path)
    return read_graph(repository.config("demo"), repository)


def test_the_demo_graph(tmp_path: Path) -> None:
    graph = read(tmp_path, lambda parts, steps: None)
    wires = {node.name: node.inputs for node in graph.nodes}
    assert wires["disease"] == {
        "group": Wire("group", "label"),
        "references": Wire("references", "cases"),
    }
    assert [node.name for node in graph.nodes][2:] == ["disease", "caption"]
    assert graph.headline == "disease"


def test_the_order_of_the_steps_does_not_matter(tmp_path: Path) -> None:
    graph = read(tmp_path, lambda parts, steps: steps.reverse())
    assert [node.name for node in graph.nodes][2:] == ["disease", "caption"]


def test_the_headline_without_a_field_is_the_last_that_classifies(tmp_path: Path) -> None:
    assert read(tmp_path, lambda p, s: p["hikari"].pop("headline")).headline == "disease"


def test_an_output_may_be_renamed(tmp_path: Path) -> None:
    def rename(parts: Parts, steps: list[Parts]) -> None:
        steps[0]["output_map"] = {"label": "group.family"}
        steps[2]["input_map"]["group"] = "group.family"
        parts["triton"]["output"][0]["name"] = "group.family"

    graph = read(tmp_path, rename)
    assert graph.node("disease").inputs["group"] == Wire("group", "label")
    assert graph.node("group").outputs == {"family": "label"}


def test_a_step_may_take_the_requests_description(tmp_path: Path) -> None:
    def describe(parts: Parts, steps: list[Parts]) -> None:
        string = {"data_type": "TYPE_STRING", "dims": [-1], "optional": True}
        parts["triton"]["input"].append({"name": "description", **string})
        steps[1] |= {"model_name": "siglip_bge_references"}
        steps[1]["input_map"]["description"] = "description"
        steps[2]["input_map"].pop("references")
        parts["triton"]["output"].append(
            {"name": "references.cases", "data_type": "TYPE_STRING", "dims": [-1, -1]}
        )

    taken = {node.name: node.description for node in read(tmp_path, describe).nodes}
    assert taken == {"group": None, "references": "description", "disease": None, "caption": None}


STEP = r"triton\.ensemble_scheduling\.step"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda p, s: s[0]["input_map"].update(image="description"),
            rf"{STEP}\[0\]\.input_map\.image: `image` goes to the input `image`",
        ),
        (
            lambda p, s: s[2]["input_map"].update(group="image"),
            rf"{STEP}\[2\]\.input_map\.group: `image` goes to the input `image` and nowhere else",
        ),
        (
            lambda p, s: s[2]["input_map"].update(group="description"),
            rf"{STEP}\[2\]\.input_map\.group: the cascade takes no `description`",
        ),
        (
            lambda p, s: s[3]["input_map"].update(disease="biopsy.label"),
            rf"{STEP}\[3\]\.input_map\.disease: no step makes 'biopsy\.label'; ",
        ),
        (
            lambda p, s: s[3]["input_map"].update(disease="disease.lable"),
            "no step makes 'disease.lable'; did you mean `disease.label`",
        ),
        (
            lambda p, s: s[3]["input_map"].update(age="age.years"),
            rf"{STEP}\[3\]\.input_map\.age: model 'demo_caption' has no 'age'",
        ),
        (
            lambda p, s: s[0]["output_map"].update(lable="group.label"),
            rf"{STEP}\[0\]\.output_map\.lable: model 'demo_group' has no 'lable'; did you mean "
            "`label`",
        ),
        (lambda p, s: s[0].update(output_map={"label": "group"}), "named `stage.tensor`"),
        (
            lambda p, s: s[0].update(output_map={"label": "group.label", "scores": "other.scores"}),
            "all of one stage, not ",
        ),
        (
            lambda p, s: s[0].update(output_map={"label": "group.x", "scores": "group.x"}),
            "two outputs have one name",
        ),
        (
            lambda p, s: s[0].update(model_version=7),
            rf"{STEP}\[0\]\.model_version: model 'demo_group' has no version 7, but none",
        ),
        (lambda p, s: s[0].update(output_map={}), "all of one stage, not nothing"),
        (lambda p, s: s[0].update(output_map={"label": "Group.label"}), "'Group' is no name"),
        (lambda p, s: s[3]["input_map"].pop("image"), "input 'image' of demo_caption is not wired"),
        (lambda p, s: s.append(s[0]), rf"{STEP}\[4\].output_map: two steps are stage 'group'"),
        (
            lambda p, s: s[2]["input_map"].update(group="caption.text"),
            "wait for each other: disease, caption",
        ),
        (
            lambda p, s: (
                s[0]["output_map"].update(scores="group.scores"),
                s[2]["input_map"].update(group="group.scores"),
            ),
            r"'group\.scores' is TYPE_FP32 \[4\], but input 'group' of demo_disease takes TYPE_STRING",
        ),
        (
            lambda p, s: s[2]["input_map"].update(group="references.cases"),
            r"'references\.cases' is TYPE_STRING \[-1\], but input 'group'",
        ),
        (
            lambda p, s: (
                s[3]["input_map"].pop("disease"),
                s[2]["input_map"].update(group="caption.text"),
            ),
            rf"{STEP}\[2\]\.input_map\.group: .* words for labels here, and `text` of demo_caption",
        ),
        (
            lambda p, s: s[1].update(model_name="clip_references"),
            "demo_disease reads the cases of `index: demo_references`, not those of clip_references",
        ),
        (
            lambda p, s: s[2]["input_map"].pop("references"),
            rf"{STEP}\[1\]: nothing uses stage 'references': wire 'references\.cases' to a step",
        ),
        (
            lambda p, s: p["triton"]["output"][1].update(name="desease.label"),
            r"triton\.output\[1\]\.name: no step makes 'desease\.label'; did you mean `disease\.label`",
        ),
        (
            lambda p, s: p["triton"]["output"][1].update(name="disease.scores"),
            r"triton\.output\[1\]\.name: no step makes 'disease\.scores'",
        ),
        (
            lambda p, s: p["triton"]["output"][1].update(data_type="TYPE_FP32"),
            r"triton\.output\[1\]: 'disease\.label' is TYPE_STRING \[-1\], not TYPE_FP32 \[-1\]",
        ),
        (
            lambda p, s: p["triton"]["output"][2].update(dims=[1]),
            r"'caption\.text' is TYPE_STRING \[-1\], not TYPE_STRING \[1\]",
        ),
        (lambda p, s: p["hikari"].update(headline="diesase"), "headline: .*did you mean `disease`"),
        (lambda p, s: s.clear(), f"{STEP}: a cascade has at least one step"),
        (lambda p, s: s[0].update(model_name="demo"), "a cascade cannot be a step of a cascade"),
        (
            lambda p, s: s[0].update(model_name="demo_gruop"),
            rf"{STEP}\[0\]\.model_name: no model 'demo_gruop' .*did you mean 'demo_group'",
        ),
    ],
)
def test_wiring_mistakes_are_named(tmp_path: Path, change: Change, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        read(tmp_path, change)
    assert caught.value.message.startswith(f"{tmp_path / 'demo' / 'config.yaml'}: ")


def test_a_label_without_words_in_the_next_prompt_is_refused(tmp_path: Path) -> None:
    read(tmp_path, lambda parts, steps: None)
    path = tmp_path / "demo_disease" / "config.yaml"
    parts = yaml.safe_load(path.read_text())
    del parts["hikari"]["prompt"]["values"]["group"]["benign"]
    path.write_text(yaml.safe_dump(parts))
    repository = Repository(tmp_path)
    said = (
        rf"{STEP}\[2\]\.input_map\.group: demo_group may answer 'benign', for which the prompt of "
        r"demo_disease has no words: add it to hikari\.prompt\.values\.group"
    )
    with pytest.raises(ConfigError, match=said):
        read_graph(repository.config("demo"), repository)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("min_typicality", 0.01, "retrieves cases to compare with"),
        ("on_caption_contradiction", True, "describes the picture"),
        ("on_unknown_group", True, "names the groups of the labels of 'disease'"),
        ("on_group_contradiction", True, "names the groups of the labels of 'disease'"),
    ],
)
def test_a_rule_needs_the_stage_that_it_asks(
    tmp_path: Path, field: str, value: object, message: str
) -> None:
    """Alone, the stage of the diseases answers; no other could make a rule withhold it."""

    def alone(parts: Parts, steps: list[Parts]) -> None:
        del steps[3], steps[:2]
        for name in ("group", "references"):
            del steps[0]["input_map"][name]
        parts["triton"]["output"] = [parts["triton"]["output"][1]]
        parts["hikari"]["abstain"] = {field: value}

    said = rf"hikari\.abstain\.{field}: the cascade has no stage that {message}: leave it out"
    with pytest.raises(ConfigError, match=said):
        read(tmp_path, alone)


def test_a_second_stage_of_diseases_names_no_group(tmp_path: Path) -> None:
    def change(parts: Parts, steps: list[Parts]) -> None:
        steps[0].update(model_name="demo_disease")
        del steps[2]["input_map"]["group"]
        parts["hikari"]["abstain"] = {"on_group_contradiction": True}

    with pytest.raises(ConfigError, match="no stage that names the groups"):
        read(tmp_path, change)
