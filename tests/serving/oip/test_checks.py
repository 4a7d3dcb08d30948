"""What a request must be: each mistake is named, with what would be right, before a stage runs."""

from dataclasses import replace

import pytest

from hikari_serve.errors import HikariError, InvalidInput, NotFound
from hikari_serve.serving.oip.messages import InferRequest
from hikari_serve.serving.oip.tensors import Tensor
from tests.serving.oip.asking import pictures, wanted, words
from tests.serving.oip.conftest import Plane

IMAGE = pictures(b"x")


@pytest.mark.parametrize(
    ("changed", "kind", "message"),
    [
        ({"model": "dem"}, NotFound, "model 'dem' is not loaded here; did you mean 'demo'"),
        ({"model": "sirius"}, NotFound, "model 'sirius' is not loaded here"),
        ({"version": "7"}, NotFound, "version 7 of model 'demo' is not loaded here; there is 1"),
        ({"version": "new"}, InvalidInput, "version 'new' is no whole number"),
        ({"inputs": ()}, InvalidInput, r"input 'image' is missing: .* shape \[-1\] and is BYTES"),
        ({"inputs": (IMAGE, IMAGE)}, InvalidInput, "input 'image' is given twice"),
        ({"inputs": (replace(IMAGE, name="imaeg"),)}, InvalidInput, "has no input 'imaeg'; did you mean `image`"),
        ({"inputs": (replace(IMAGE, datatype="FP32"),)}, InvalidInput, "'image' is BYTES, not FP32"),
        ({"inputs": (replace(IMAGE, shape=(1, 1)),)}, InvalidInput, r"has shape \[-1\] and is BYTES, not \[1, 1\]"),
        ({"inputs": (pictures(),)}, InvalidInput, "the batch is empty: send at least one picture"),
        ({"inputs": (pictures(*[b"x"] * 33),)}, InvalidInput, "33 items are more than 32"),
        ({"inputs": (IMAGE, words("until", "a", "b"))}, InvalidInput, r"'until' has shape \[1\]"),
        ({"inputs": (IMAGE, words("description", "a"))}, InvalidInput, "has no input 'description'"),
        ({"outputs": wanted("desease.label")}, InvalidInput, "no output 'desease.label'; did you mean `disease.label`"),
        ({"outputs": wanted("answer", "answer")}, InvalidInput, "output 'answer' is asked for twice"),
        ({"id": "x" * 1025}, InvalidInput, "the id has 1025 characters; 1024 are the most"),
        ({"parameters": {"prority": 1}}, InvalidInput, "unknown parameter 'prority'; did you mean `priority`"),
        ({"parameters": {"priority": 10}}, InvalidInput, "'priority' is a whole number from 0, the default, to 9, not 10"),
        ({"parameters": {"timeout": "1"}}, InvalidInput, "parameter 'timeout' is a whole number"),
        ({"parameters": {"timeout": True}}, InvalidInput, "parameter 'timeout' is a whole number"),
        ({"inputs": (IMAGE, Tensor("until", "BYTES", (1,), [b"\xff"]))}, InvalidInput, "'until' is no UTF-8"),
    ],
)  # fmt: skip
def test_bad_requests_name_what_would_be_right(
    plane: Plane, changed: dict[str, object], kind: type[HikariError], message: str
) -> None:
    request = InferRequest("demo", inputs=(pictures(plane.bench.image),))
    with pytest.raises(kind, match=message):
        plane.infer(replace(request, **changed))  # type: ignore[arg-type]
    assert not plane.bench.stages["group"].items


def test_batches_of_a_model_alone_are_those_of_its_configuration(plane: Plane) -> None:
    many = pictures(*[plane.bench.image] * 9, alone=True)
    with pytest.raises(InvalidInput, match=r"9 items are more than 8, .* 'demo_disease' takes"):
        plane.infer(InferRequest("demo_disease", inputs=(many,)))
    groups = words("group", "acne", alone=True)
    two = pictures(plane.bench.image, plane.bench.image, alone=True)
    with pytest.raises(InvalidInput, match="input 'group' has 1 items, but `image` has 2"):
        plane.infer(InferRequest("demo_disease", inputs=(two, groups)))
