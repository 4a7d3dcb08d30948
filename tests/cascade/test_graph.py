"""Wiring mistakes are found when the graph is read, and named."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from hikari_serve.cascade.graph import Graph, Wire
from hikari_serve.errors import ConfigError
from hikari_serve.repository.repository import Repository

MODELS = Path(__file__).parents[2] / "models"


def read(tmp_path: Path, change: Any) -> Graph:
    for folder in MODELS.iterdir():
        (tmp_path / folder.name).mkdir()
        for file in folder.glob("*.yaml"):
            (tmp_path / folder.name / file.name).write_text(file.read_text())
    path = tmp_path / "demo" / "config.yaml"
    parts = yaml.safe_load(path.read_text())
    change(parts["triton"]["ensemble_scheduling"]["step"])
    path.write_text(yaml.safe_dump(parts))
    repository = Repository(tmp_path)
    return Graph.read(repository.config("demo"), repository)


def test_the_demo_graph(tmp_path: Path) -> None:
    graph = read(tmp_path, lambda steps: None)
    wires = {node.name: node.inputs for node in graph.nodes}
    assert wires["disease"] == {
        "group": Wire("group", "label"),
        "references": Wire("references", "cases"),
    }
    assert [node.name for node in graph.nodes][2:] == ["disease", "caption"]


def test_the_order_of_the_steps_does_not_matter(tmp_path: Path) -> None:
    graph = read(tmp_path, lambda steps: steps.reverse())
    assert [node.name for node in graph.nodes][2:] == ["disease", "caption"]


def test_a_step_may_take_the_requests_description(tmp_path: Path) -> None:
    def describe(steps: Any) -> None:
        steps[1]["model_name"] = "siglip_bge_references"
        steps[1]["input_map"]["description"] = "description"

    taken = {node.name: node.description for node in read(tmp_path, describe).nodes}
    assert taken == {"group": None, "references": "description", "disease": None, "caption": None}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda s: s[0]["input_map"].update(image="description"),
            "step 'demo_group': input 'image' must be optional: requests may lack it",
        ),
        (
            lambda s: s[3]["input_map"].update(disease="biopsy.label"),
            "no step makes 'biopsy.label'",
        ),
        (
            lambda s: s[3]["input_map"].update(age="age.years"),
            "has no input 'age'; it has disease, image",
        ),
        (lambda s: s[0]["output_map"].update(colour="group.colour"), "has no output 'colour'"),
        (lambda s: s[0].update(output_map={"label": "group"}), "named `stage.field`"),
        (lambda s: s[3]["input_map"].pop("image"), "input 'image' is not wired"),
        (lambda s: s.append(s[0]), "two steps are stage 'group'"),
        (
            lambda s: s[2]["input_map"].update(group="caption.text"),
            "wait for each other: disease, caption",
        ),
    ],
)
def test_wiring_mistakes_are_named(tmp_path: Path, change: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(tmp_path, change)
