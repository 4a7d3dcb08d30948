"""What crosses to a stage and back, between this release and itself, an older and a newer one."""

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_serve.errors import InvalidInput, Mismatch, QueueFull, Unavailable
from hikari_serve.serving.hop.wire import (
    PROTOCOL,
    read_call,
    read_error,
    read_introduction,
    read_line,
    read_result,
    write_call,
)
from hikari_serve.stage import (
    Classification,
    Description,
    Item,
    Provenance,
    ReferenceCase,
    Retrieval,
    StageResult,
)

ITEM = Item(
    id="r",
    model="demo_disease",
    version=3,
    view=bytes(range(256)),
    content="c0ffee",
    inputs={"group": "malignant", "references": ("c1", "c2")},
    index="i1",
    digests={"config": "d1"},
    cases=2,
    deadline=0,
    priority=2,
    traceparent="00-1-1-01",
)


def item(seconds: float) -> Item:
    return ITEM.model_copy(update={"deadline": time.time() + seconds})


def call(header: object, view: bytes = b"") -> bytes:
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(head).to_bytes(4, "big") + head + view


def test_an_item_crosses_whole_and_has_as_long_as_it_had() -> None:
    sent = item(7)
    read = read_call(write_call(sent))
    assert read.model_copy(update={"deadline": 0}) == ITEM
    assert read.deadline == pytest.approx(sent.deadline, abs=0.1)


def test_clocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    body = write_call(item(7))
    ahead = time.time() + 3600
    monkeypatch.setattr(time, "time", lambda: ahead)
    assert read_call(body).deadline == pytest.approx(ahead + 7, abs=0.1)


@pytest.mark.parametrize(
    "output",
    [
        Classification(
            label="a", display_name="A", scores={"a": 1.0}, names={"a": "A"}, decision="answered"
        ),
        Description(text="A red plaque.", finish_reason="stop"),
        Retrieval(index="i", cases=(ReferenceCase(id="c", similarity=0.5, image=b"\xff\xd8"),)),
    ],
)
def test_a_result_crosses_whole_and_unknown_fields_are_passed_over(output: Any) -> None:
    result = StageResult(
        output=output,
        provenance=Provenance(
            model="m", version=1, weights="w", engine="e", dtype="d", preprocessing="p"
        ),
        queue_ms=1,
        compute_ms=2,
        batch_size=3,
    )
    body = result.model_dump_json()
    assert read_result(body.encode()) == result
    newer = json.loads(body)
    for part in (newer, newer["output"], newer["provenance"]):
        part["of_the_next_release"] = {"x": [1]}
    assert read_result(json.dumps(newer).encode()) == result
    assert read_line(json.dumps({"result": newer}).encode()) == result
    assert read_line(b'{"text": "A red"}') == "A red"


def test_a_result_of_the_release_before_is_read() -> None:
    made = {"model": "m", "version": 1, "weights": "w", "engine": "e", "dtype": "d"}
    body = {
        "output": {"kind": "description", "text": "A red plaque.", "finish_reason": "stop"},
        "provenance": {**made, "preprocessing": "p"},
        **{"queue_ms": 1, "compute_ms": 2, "batch_size": 3},
    }
    read = read_result(json.dumps(body).encode()).provenance
    assert (read.config, read.cases) == (None, None)


def test_a_call_of_the_next_release_is_read() -> None:
    newer = {"protocol": PROTOCOL, "seconds": 5, "id": "r", "model": "m", "new": {"x": 1}}
    read = read_call(call(newer, b"pixels"))
    assert (read.id, read.model, read.view) == ("r", "m", b"pixels")


def test_an_introduction_of_the_next_release_is_read() -> None:
    hosted = {"model": "m", "version": 1, "state": "READY", "new": 1}
    body = {"protocol": 9, "stage": "group", "hosted": [hosted], "new": 1}
    assert read_introduction(json.dumps(body).encode()).hosted[0].model == "m"
    with pytest.raises(Mismatch, match="no runner of this server"):
        read_introduction(b"<html>")


def test_another_protocol_is_no_misread_item() -> None:
    with pytest.raises(Mismatch, match="speaks protocol 1, and its caller 2"):
        read_call(call({"protocol": 2, "seconds": 5}))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "length of its header"),
        (b"\0\0\0\0", "length of its header"),
        (b"\xff\xff\xff\xff{}", "length of its header"),
        (call(b"{"), "no JSON"),
        (call(b"[" * 100_000), "no JSON"),
        (call([]), "header"),
        (call({}), "protocol: Field required"),
        (call({"protocol": 1, "seconds": 1e9, "id": "r", "model": "m"}), "seconds: "),
        (call(b'{"protocol": 1, "seconds": NaN}'), "seconds: "),
        (call({"protocol": 1, "seconds": 1, "model": "m"}), "id: Field required"),
        (call({"protocol": 1, "seconds": 1, "id": "r", "model": "m", "priority": 10}), "priority"),
    ],
)
def test_what_is_no_call_is_refused_by_name(body: bytes, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        read_call(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_call_or_refused(body: bytes) -> None:
    with suppress(InvalidInput, Mismatch):
        assert isinstance(read_call(body), Item)


def test_errors_cross_with_what_they_know() -> None:
    full = QueueFull("full", retry_after=3)
    read = read_error(429, json.dumps(full.payload()).encode())
    assert (type(read), read.message, read.retry_after) == (QueueFull, "full", 3)
    assert isinstance(read_error(502, b"<html>"), Unavailable)
    assert isinstance(read_error(502, b"[]"), Unavailable)
    with pytest.raises(QueueFull):
        read_line(json.dumps(full.payload()).encode())


def test_a_result_that_cannot_be_read_is_no_crash() -> None:
    with pytest.raises(Mismatch, match=r"answer cannot be read: output"):
        read_result(b'{"output": {"kind": "of the next release"}}')
