"""A request is one trace, sent to a real receiver of OTLP, and nothing is sent unasked."""

import os
import sys
import time
from collections.abc import Iterator

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from hikari_serve.errors import ConfigError
from hikari_serve.observability import traces
from hikari_serve.observability.traces import Sender, Traces, endpoint, exported
from hikari_serve.observer import (
    TRACEPARENT,
    BatchEnd,
    ItemEnd,
    PictureTime,
    RequestEnd,
    StageTime,
)
from tests.observability.receiver import Receiver

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GIVEN = f"00-{TRACE}-{CALLER}-01"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def tracing(receiver: Receiver) -> Traces:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    provider = TracerProvider(resource=Resource.create({"service.name": "hikari"}))
    exporter = OTLPSpanExporter(endpoint=f"{receiver.url}/v1/traces")
    return Traces(provider, SimpleSpanProcessor(exporter))


def ended(tracing: Traces, given: str | None) -> RequestEnd:
    """A request of two stages, of which one failed."""
    own = tracing.traced(given)
    return RequestEnd(
        id="r1",
        traceparent=given,
        door="diagnose",
        outcome="partial",
        cause=None,
        seconds=0.65,
        stages=(
            StageTime("group", 0.2, 0.0, 0.1, trace=tracing.part_traced(own)),
            StageTime("disease", 0.3, 0.1, 0.2, error="skipped"),
        ),
        pictures=(PictureTime(0.05, 0.14, "c0"),),
        trace=own,
    )


def named(receiver: Receiver) -> dict[str, Span]:
    spans = {span.name: span for span in receiver.spans}
    assert len(spans) == len(receiver.spans)
    return spans


def span_id(traceparent: str | None) -> bytes:
    assert traceparent is not None
    return bytes.fromhex(traceparent.split("-")[2])


def attributes(span: Span) -> dict[str, object]:
    return {
        each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes
    }


def test_a_request_is_one_trace_without_orphans(receiver: Receiver, tracing: Traces) -> None:
    end = ended(tracing, GIVEN)
    tracing.request_ended(end)
    spans = named(receiver)
    assert receiver.services == {"hikari"}
    assert set(spans) == {"diagnose", "intake", "decode", "group", "disease", "answer"}
    assert {span.trace_id.hex() for span in spans.values()} == {TRACE}
    root = spans.pop("diagnose")
    assert root.parent_span_id.hex() == CALLER
    assert root.span_id == span_id(end.trace)
    assert root.kind == Span.SPAN_KIND_SERVER
    assert {span.parent_span_id for span in spans.values()} == {root.span_id}
    assert spans["group"].span_id == span_id(end.stages[0].trace)
    assert spans["disease"].status.code == Status.STATUS_CODE_ERROR
    assert spans["disease"].status.message == "skipped"
    assert spans["group"].status.code == Status.STATUS_CODE_UNSET


def test_its_spans_lie_where_the_time_went(receiver: Receiver, tracing: Traces) -> None:
    tracing.request_ended(ended(tracing, GIVEN))
    spans = named(receiver)
    began = spans["diagnose"].start_time_unix_nano

    def at(name: str) -> list[float]:
        ends = spans[name].start_time_unix_nano, spans[name].end_time_unix_nano
        return [round((each - began) / 1e9, 4) for each in ends]

    assert at("diagnose") == [0, 0.65]
    assert at("intake") == [0, 0.05]
    assert at("decode") == [0.05, 0.19]
    assert at("group") == [0.2, 0.3]
    assert at("disease") == [0.3, 0.5]
    assert at("answer") == [0.5, 0.65]


def test_an_item_is_a_span_in_the_one_that_called_it(receiver: Receiver, tracing: Traces) -> None:
    now, own = time.monotonic(), tracing.part_traced(GIVEN)
    parts = {"prepare": (now, now + 0.5), "compute": (now + 0.5, now + 2)}
    tracing.item_done(ItemEnd("m", 3, GIVEN, own, now, now + 2, parts, 4))
    spans = named(receiver)
    model = spans.pop("m")
    assert model.parent_span_id.hex() == CALLER
    assert model.kind == Span.SPAN_KIND_SERVER
    assert attributes(model) == {"hikari.version": 3, "hikari.batch_size": 4}
    assert {span.parent_span_id for span in spans.values()} == {span_id(own)}
    assert spans["prepare"].start_time_unix_nano == model.start_time_unix_nano
    assert spans["compute"].end_time_unix_nano == model.end_time_unix_nano
    took = spans["compute"].end_time_unix_nano - spans["compute"].start_time_unix_nano
    assert took / 1e9 == pytest.approx(1.5, abs=1e-3)


def test_a_batch_is_linked_to_its_items(receiver: Receiver, tracing: Traces) -> None:
    unsampled = tracing.traced(f"00-{'d' * 32}-{CALLER}-00")
    mine, other = tracing.traced(GIVEN), tracing.traced(f"00-{'e' * 32}-{CALLER}-01")
    assert unsampled is not None
    assert mine is not None
    assert other is not None
    tracing.batch_ended(BatchEnd("m", 1, 0.5, 70, 7, (unsampled, mine, other)))
    batch = named(receiver)["batch"]
    assert batch.trace_id.hex() == TRACE
    assert batch.parent_span_id == span_id(mine)
    assert [each.span_id for each in batch.links] == [span_id(mine), span_id(other)]
    assert [each.trace_id.hex() for each in batch.links] == [TRACE, "e" * 32]
    tracing.batch_ended(BatchEnd("m", 1, 0.5, 70, 7))
    tracing.batch_ended(BatchEnd("m", 1, 0.5, 70, 7, (unsampled, mine)))
    assert len(receiver.spans) == 1


@pytest.mark.parametrize("given", [None, "00-1-2-01", f"00-{'0' * 32}-{CALLER}-01"])
def test_a_request_without_a_trace_begins_one(
    receiver: Receiver, tracing: Traces, given: str | None
) -> None:
    own = tracing.traced(given)
    refused = RequestEnd("r2", given, "diagnose", "error", "bad_image", 0.012, trace=own)
    tracing.request_ended(refused)
    spans = named(receiver)
    assert set(spans) == {"diagnose"}
    assert spans["diagnose"].parent_span_id == b""
    assert attributes(spans["diagnose"]) == {
        "hikari.request": "r2",
        "hikari.outcome": "error",
        "error.type": "bad_image",
    }


def test_a_caller_that_samples_nothing_is_not_traced(receiver: Receiver, tracing: Traces) -> None:
    given = f"00-{TRACE}-{CALLER}-00"
    tracing.request_ended(ended(tracing, given))
    own = tracing.traced(given)
    tracing.item_done(ItemEnd("m", 3, given, own, 1.0, 2.0))
    assert receiver.spans == []
    assert own is not None
    assert own.startswith(f"00-{TRACE}-")
    assert own.endswith("-00")


@pytest.mark.parametrize("flags", ["00", "01"])
def test_a_part_is_sampled_as_its_whole_is(tracing: Traces, flags: str) -> None:
    whole = f"00-{TRACE}-{CALLER}-{flags}"
    part, other = tracing.part_traced(whole), tracing.part_traced(whole)
    assert part is not None
    assert TRACEPARENT.fullmatch(part)
    assert part.startswith(f"00-{TRACE}-")
    assert part.endswith(f"-{flags}")
    assert len({part, other, whole}) == 3


def test_a_part_of_what_is_no_trace_has_no_span(receiver: Receiver, tracing: Traces) -> None:
    assert tracing.part_traced(None) is None
    own = tracing.part_traced("00-1-2-01")
    tracing.item_done(ItemEnd("m", 3, "00-1-2-01", own, 1.0, 2.0))
    assert receiver.spans == []


def test_what_came_without_a_trace_has_no_span(receiver: Receiver, tracing: Traces) -> None:
    tracing.item_done(ItemEnd("m", 3, None, None, 1.0, 2.0))
    assert receiver.spans == []


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_SERVICE_NAME": "x"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x:4318", "OTEL_SDK_DISABLED": "true"},
    ],
)
def test_unasked_nothing_is_traced(environ: dict[str, str]) -> None:
    assert exported("group", environ) == ()


def test_a_missing_exporter_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(ConfigError, match=r"OTEL_EXPORTER_OTLP_ENDPOINT is set.*\[traces\]"):
        endpoint({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x:4318"})


def test_a_sender_is_the_resource_that_it_knows() -> None:
    known = Resource({"service.name": "hikari-group", "process.pid": 7}, "https://example.test/1")
    its = Sender(known)
    assert (its, hash(its), its.schema_url) == (known, hash(known), known.schema_url)
    assert dict(its.attributes) == dict(known.attributes)


def test_no_provider_is_anybody_elses(tracing: Traces) -> None:
    """BentoML's own instruments must not begin to send."""
    from opentelemetry import trace

    assert not isinstance(trace.get_tracer_provider(), TracerProvider)
    assert not any(name in os.environ for name in traces.ENDPOINTS)
