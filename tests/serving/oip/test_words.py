"""The words that come with pictures: each is its picture's, and an empty one is as good as none."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tritonclient.grpc import model_config_pb2

from hikari_serve.cascade.loads import LoadedCascade
from hikari_serve.errors import InvalidInput
from hikari_serve.presentation.present import as_json
from hikari_serve.repository.config import ModelConfig
from hikari_serve.serving.oip.dataplane import DataPlane
from hikari_serve.serving.oip.messages import InferRequest
from hikari_serve.serving.oip.tensors import Tensor
from hikari_serve.serving.readiness import Readiness
from tests.scripted import REPOSITORY
from tests.serving.oip.asking import pictures, words
from tests.serving.oip.conftest import Plane

SAID = "A red plaque."


def taking_descriptions(config: ModelConfig, length: int) -> ModelConfig:
    triton = model_config_pb2.ModelConfig()
    triton.CopyFrom(config.triton)
    kind = model_config_pb2.DataType.Value("TYPE_STRING")
    triton.input.add(name="description", data_type=kind, dims=[length], optional=True)
    return replace(config, triton=triton)


@pytest.fixture
def described(plane: Plane) -> DataPlane:
    """The same, whose stage that retrieves compares descriptions."""
    cascade = plane.bench.cascade
    nodes = [
        replace(node, description="description", config=taking_descriptions(node.config, 1))
        if node.kind == "retrieve"
        else node
        for node in cascade.graph.nodes
    ]
    cascade.graph = replace(cascade.graph, nodes=tuple(nodes))
    config = taking_descriptions(REPOSITORY.config("demo"), -1)
    return DataPlane(
        {"demo": LoadedCascade(config, cascade.graph)},
        cascade,
        REPOSITORY,
        Readiness(plane.bench.stages, cascade.graph.headline),
        plane.statistics,
        as_json,
    )


def inputs_of(plane: Plane, stage: str) -> list[Any]:
    """What else each item brought to a stage, which they reach side by side."""
    return sorted((dict(item.inputs) for item in plane.bench.stages[stage].items), key=len)


def test_a_description_reaches_the_stage_that_retrieves(described: DataPlane, plane: Plane) -> None:
    images = pictures(plane.bench.image, plane.bench.image)
    request = InferRequest("demo", inputs=(images, words("description", SAID, "")))
    asyncio.run(described.infer(request))
    assert inputs_of(plane, "references") == [{}, {"description": SAID}]
    assert all("description" not in each for each in inputs_of(plane, "disease"))


def test_and_the_model_alone(described: DataPlane, plane: Plane) -> None:
    images = pictures(plane.bench.image, plane.bench.image, alone=True)
    said = words("description", "", SAID, alone=True)
    asyncio.run(described.infer(InferRequest("demo_references", inputs=(images, said))))
    assert inputs_of(plane, "references") == [{}, {"description": SAID}]


def test_a_description_is_text(described: DataPlane, plane: Plane) -> None:
    said = Tensor("description", "BYTES", (1,), [b"\xff"])
    request = InferRequest("demo", inputs=(pictures(plane.bench.image), said))
    with pytest.raises(InvalidInput, match="input 'description' is no UTF-8"):
        asyncio.run(described.infer(request))


@pytest.mark.parametrize(
    ("model", "given", "stage"),
    [
        ("demo", words("until", ""), "caption"),
        ("demo_disease", words("group", "", alone=True), "disease"),
        ("demo_disease", words("group", "unknown", alone=True), "disease"),
        ("demo_disease", words("references", "", alone=True), "disease"),
        ("demo_disease", Tensor("references", "BYTES", (1, 0), []), "disease"),
    ],
)
def test_an_empty_input_is_as_good_as_none(
    plane: Plane, model: str, given: Tensor, stage: str
) -> None:
    image = pictures(plane.bench.image, alone=model != "demo")
    plane.infer(InferRequest(model, inputs=(image,)))
    plane.infer(InferRequest(model, inputs=(image, given)))
    without, with_it = (item.inputs for item in plane.bench.stages[stage].items)
    assert with_it == without
