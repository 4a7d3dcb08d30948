"""The data plane: what a model says it takes, it takes; what is missing is never an answer."""

import asyncio
import json
import math
import time
from dataclasses import replace

import pytest

from hikari_serve.errors import (
    DeadlineExceeded,
    EngineFailed,
    HikariError,
    InvalidInput,
    QueueFull,
    Unavailable,
    UnsupportedImage,
)
from hikari_serve.serving.oip.messages import InferRequest, InferResponse, RequestedOutput
from hikari_serve.serving.oip.signature import cascade_signature, stage_signature
from hikari_serve.serving.oip.tensors import Tensor
from hikari_serve.serving.oip.values import values_of
from hikari_serve.stage import Classification, Description, Item, Retrieval, State
from tests.scripted import OUTPUTS, REPOSITORY, classified
from tests.serving.oip.asking import pictures, told, wanted, words
from tests.serving.oip.conftest import Plane

ITEM = Item(id="r", model="demo_disease", view=b"", deadline=0.0)


@pytest.mark.parametrize(
    "name", ["demo", "demo_group", "demo_references", "demo_disease", "demo_caption"]
)
def test_each_model_answers_what_its_metadata_says(plane: Plane, name: str) -> None:
    signature = plane.plane.metadata(name).signature
    image = plane.bench.image
    inputs = [
        Tensor(
            port.name, port.datatype, tuple(2 if n == -1 else n for n in port.shape), [image, image]
        )
        for port in signature.inputs.values()
        if not port.optional
    ]
    answer = plane.infer(InferRequest(name, inputs=tuple(inputs)))
    assert [each.name for each in answer.outputs] == list(signature.outputs)
    for tensor, port in zip(answer.outputs, signature.outputs.values(), strict=True):
        assert tensor.datatype == port.datatype
        assert len(tensor.values) == math.prod(tensor.shape)
        for told_length, length in zip(port.shape, tensor.shape, strict=True):
            assert told_length in (-1, length)
    assert (answer.model, answer.version) == (name, "1")


def test_a_label_is_a_name_only_where_it_is_answered(plane: Plane) -> None:
    disease = OUTPUTS["disease"]
    assert isinstance(disease, Classification)
    request = InferRequest("demo", inputs=(pictures(plane.bench.image),))
    for decision, label, shown in (
        ("answered", "sccis", "sccis"),
        ("unknown", None, "unknown"),
        ("abstained", None, "unknown"),
        ("unknown", "sccis", "unknown"),  # a stage elsewhere that says both
    ):
        plane.bench.stages["disease"].output = disease.model_copy(
            update={"decision": decision, "label": label}
        )
        answer = plane.infer(request)
        assert told(answer, "disease.label") == [shown]
        assert told(answer, "disease.decision") == [decision]
        assert told(answer, "disease.probability") == [0.7]


def test_a_label_that_a_rule_withholds_is_unknown(plane: Plane) -> None:
    plane.bench.cascade.settings = plane.bench.cascade.settings.model_copy(
        update={"abstain": type(plane.bench.cascade.settings.abstain)(min_probability=0.9)}
    )
    answer = plane.infer(InferRequest("demo", inputs=(pictures(plane.bench.image),)))
    assert told(answer, "disease.label") == ["unknown"]
    assert told(answer, "disease.decision") == ["abstained"]


def test_a_label_that_may_still_be_withheld_waits_for_the_last_response(plane: Plane) -> None:
    settings = plane.bench.cascade.settings
    rule = type(settings.abstain)(on_caption_contradiction=True)
    plane.bench.cascade.settings = settings.model_copy(update={"abstain": rule})
    plane.bench.stages["caption"].output = Description(text="Psoriasis.", finish_reason="stop")
    parts: list[InferResponse] = []
    request = InferRequest("demo", inputs=(pictures(plane.bench.image),))
    whole = plane.infer(request, parts.append)
    named = {each.name for part in parts for each in part.outputs}
    assert {"group.label", "disease.probability"} <= named
    assert not {"disease.label", "disease.decision"} & named
    assert told(whole, "disease.label") == ["unknown"]
    assert told(whole, "disease.decision") == ["abstained"]


def test_a_label_read_from_words_has_no_numbers(plane: Plane) -> None:
    stage = plane.bench.stages["disease"]
    stage.output = Classification(
        label="sccis", display_name="SCCIS", names={"sccis": "SCCIS"}, decision="answered"
    )
    (node,) = [each for each in plane.bench.cascade.graph.nodes if each.name == "disease"]
    hikari = node.config.hikari.model_copy(update={"decoding": "generate"})
    triton = type(node.config.triton)()
    triton.CopyFrom(node.config.triton)
    del triton.output[1]
    written = replace(node, config=replace(node.config, triton=triton, hikari=hikari))
    outputs = stage_signature(written.config).outputs
    assert list(outputs) == ["label", "decision", "error"]
    graph = replace(plane.bench.cascade.graph, nodes=(written,))
    names = set(cascade_signature(REPOSITORY.config("demo"), graph).outputs)
    assert "disease.decision" in names
    assert not {"disease.probability", "disease.label_mass"} & names
    assert set(values_of(asyncio.run(stage.infer(ITEM)))) == {"label", "decision"}


def test_a_broken_picture_is_its_own_error_where_errors_are_asked_for(plane: Plane) -> None:
    image = plane.bench.image
    names = ("group.label", "group.probability", "caption.text", "answer", "error")
    request = InferRequest(
        "demo", inputs=(pictures(image, b"no picture", image),), outputs=wanted(*names)
    )
    answer = plane.infer(request)
    assert told(answer, "group.label") == ["malignant", "unknown", "malignant"]
    assert told(answer, "caption.text")[1] == ""
    before, broken, after = told(answer, "group.probability")
    assert (before, after) == (0.7, 0.7)
    assert isinstance(broken, float)
    assert math.isnan(broken)
    errors = told(answer, "error")
    assert [errors[0], errors[2]] == ["", ""]
    assert json.loads(str(errors[1]))["code"] == "unsupported_image"
    assert json.loads(str(told(answer, "answer")[1])) == json.loads(str(errors[1]))


@pytest.mark.parametrize("names", [(), ("group.label",), ("answer",)])
def test_a_broken_picture_fails_whoever_asks_for_no_errors(
    plane: Plane, names: tuple[str, ...]
) -> None:
    image = plane.bench.image
    request = InferRequest("demo", inputs=(pictures(image, b"x"),), outputs=wanted(*names))
    with pytest.raises(UnsupportedImage, match=r"image\[1\]: this is no picture"):
        plane.infer(request)


@pytest.mark.parametrize(
    "error",
    [Unavailable("down", retry_after=2.0), QueueFull("full", retry_after=1.0), EngineFailed("no")],
)
def test_a_stage_without_result_is_no_answer(plane: Plane, error: HikariError) -> None:
    plane.bench.stages["caption"].error = error
    request = InferRequest("demo", inputs=(pictures(plane.bench.image),))
    with pytest.raises(type(error), match="the caption stage has no result") as raised:
        plane.infer(request)
    assert raised.value.retry_after == error.retry_after
    others = plane.infer(replace(request, outputs=wanted("disease.label", "answer")))
    assert told(others, "disease.label") == ["sccis"]
    assert json.loads(str(told(others, "answer")[0]))["status"] == "partial"
    kept = plane.infer(replace(request, outputs=wanted("caption.text", "disease.label", "error")))
    assert told(kept, "disease.label") == ["sccis"]
    assert told(kept, "caption.text") == [""]
    assert json.loads(str(told(kept, "error")[0]))["code"] == error.code


def test_until_and_references_leave_outputs_out(plane: Plane) -> None:
    image = pictures(plane.bench.image)
    request = InferRequest("demo", inputs=(image, words("until", "group")))
    names = [each.name for each in plane.infer(request).outputs]
    assert names == [
        "group.label",
        "group.probability",
        "group.label_mass",
        "group.decision",
        "answer",
        "error",
    ]
    with pytest.raises(
        InvalidInput, match=r"'disease\.label' is of a stage that this request leaves"
    ):
        plane.infer(replace(request, outputs=wanted("disease.label")))
    with pytest.raises(InvalidInput, match="until is 'grup', but this cascade has group, ref"):
        plane.infer(replace(request, inputs=(image, words("until", "grup"))))
    none = Tensor("references", "INT32", (1,), [0])
    plane.infer(replace(request, inputs=(image, none)))
    assert plane.bench.stages["disease"].items[-1].inputs == {"group": "malignant"}
    with pytest.raises(InvalidInput, match=r"references: .* less than or equal to 3, not '9'"):
        plane.infer(replace(request, inputs=(image, Tensor("references", "INT32", (1,), [9]))))


def test_a_model_alone_is_told_what_the_cascade_would_tell_it(plane: Plane) -> None:
    image = pictures(plane.bench.image, plane.bench.image, alone=True)
    groups = words("group", "acne", "unknown", alone=True)
    plane.infer(InferRequest("demo_disease", inputs=(image, groups)))
    asked = [each.inputs for each in plane.bench.stages["disease"].items]
    assert sorted(asked, key=len) == [{}, {"group": "acne"}]  # they run side by side


def test_fewer_cases_than_its_neighbour_has_are_blank(plane: Plane) -> None:
    found = OUTPUTS["references"]
    assert isinstance(found, Retrieval)
    stage = plane.bench.stages["references"]
    outputs = iter([found.model_copy(update={"cases": found.cases * 2}), found])
    infer = stage.infer

    async def each_another(item, on_text=None):  # type: ignore[no-untyped-def]
        result = await infer(item, on_text)
        return result.model_copy(update={"output": next(outputs)})

    stage.infer = each_another  # type: ignore[method-assign]
    image = plane.bench.image
    answer = plane.infer(
        InferRequest("demo_references", inputs=(pictures(image, image, alone=True),))
    )
    assert answer.outputs[0].shape == (2, 2)
    rows = [told(answer, name) for name in ("cases", "similarity")]
    pairs = sorted(str(each) for each in zip(*rows, strict=True))
    assert pairs == ["('', nan)", "('c7', 0.9)", "('c7', 0.9)", "('c7', 0.9)"]


def test_classes_are_ranked(plane: Plane) -> None:
    plane.bench.stages["group"].output = classified("b", "a", "b", "c")
    request = InferRequest(
        "demo_group",
        inputs=(pictures(plane.bench.image, alone=True),),
        outputs=(RequestedOutput("scores", 2),),
    )
    assert told(plane.infer(request), "scores") == ["0.700000:1:b", "0.150000:0:a"]
    with pytest.raises(InvalidInput, match="'label' has no classes"):
        plane.infer(replace(request, outputs=(RequestedOutput("label", 2),)))


def test_parts_come_before_the_whole(plane: Plane) -> None:
    parts: list[InferResponse] = []
    request = InferRequest(
        "demo",
        id="r-7",
        inputs=(pictures(plane.bench.image),),
        outputs=wanted("group.label", "caption.text"),
    )
    whole = plane.infer(request, parts.append)
    stages = [(each.parameters["stage"], each.parameters["words"]) for each in parts]
    assert stages == [("group", False), ("caption", True), ("caption", False)]
    assert all(not each.parameters["triton_final_response"] for each in parts)
    assert [each.name for each in parts[0].outputs] == ["group.label"]
    assert {each.id for each in (*parts, whole)} == {"r-7"}
    assert {each.version for each in (*parts, whole)} == {"1"}
    assert whole.parameters == {"triton_final_response": True}
    assert [each.name for each in whole.outputs] == ["group.label", "caption.text"]


@pytest.mark.parametrize("name", ["demo", "demo_group"])
def test_a_deadline_and_a_priority_reach_the_stage(plane: Plane, name: str) -> None:
    alone = name != "demo"
    request = InferRequest(
        name,
        inputs=(pictures(plane.bench.image, alone=alone),),
        parameters={"priority": 2, "timeout": 1_500_000},
    )
    plane.infer(request)
    item = plane.bench.stages["group"].items[-1]
    assert item.priority == 2
    assert item.deadline == pytest.approx(time.time() + 1.5, abs=0.5)
    plane.infer(replace(request, deadline=time.time() + 0.9))
    assert plane.bench.stages["group"].items[-1].deadline < time.time() + 0.9
    for stage in plane.bench.stages.values():
        stage.seconds = 5.0
    with pytest.raises(DeadlineExceeded):
        plane.infer(replace(request, parameters={"timeout": 50_000}))
    with pytest.raises(DeadlineExceeded, match="before the request was read"):
        plane.infer(replace(request, deadline=time.time()))


def test_cancelling_a_call_cancels_every_item(plane: Plane) -> None:
    for stage in plane.bench.stages.values():
        stage.seconds = 5.0

    async def leave() -> float:
        image = plane.bench.image
        call = asyncio.ensure_future(
            plane.plane.infer(InferRequest("demo", inputs=(pictures(image, image),)))
        )
        while len(plane.bench.stages["group"].items) < 2:
            await asyncio.sleep(0.01)
        left = time.monotonic()
        call.cancel()
        await asyncio.wait([call])
        return left

    left = asyncio.run(leave())
    assert plane.bench.stages["group"].cancelled
    assert plane.bench.stages["group"].cancelled_at - left < 0.05


def test_statistics_count_every_item_once(plane: Plane) -> None:
    image = plane.bench.image
    plane.infer(InferRequest("demo", inputs=(pictures(image, image),)))
    plane.infer(InferRequest("demo_group", inputs=(pictures(image, alone=True),)))
    with pytest.raises(UnsupportedImage):
        plane.infer(InferRequest("demo_group", inputs=(pictures(b"x", alone=True),)))
    counted = {model.name: each for model, each in plane.plane.statistics().items()}
    assert counted["demo"].success.count == 2
    assert counted["demo_group"].success.count == 3
    assert counted["demo_group"].fail.count == 1
    assert counted["demo_group"].compute_infer.ns == 3_000_000
    assert counted["demo_disease"].executions == 2
    assert next(iter(plane.plane.statistics("demo_group"))).version == "1"


def test_the_index_lists_the_repository(plane: Plane) -> None:
    rows = {each.model: each for each in asyncio.run(plane.plane.index())}
    assert rows["demo"].state is State.READY
    assert rows["sirius"].state is State.UNAVAILABLE
    assert rows["sirius"].reason == "it is not loaded"
    ready = asyncio.run(plane.plane.index(ready=True))
    assert [each.model for each in ready] == ["demo"]  # scripted stages host nothing
