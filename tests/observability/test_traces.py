"""A request is one trace, sent to a real receiver of OTLP, and nothing is sent unasked."""

import os
import sys
from collections.abc import Iterator
from itertools import pairwise

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from opentelemetry.sdk.trace import TracerProvider

from hikari_serve.errors import ConfigError
from hikari_serve.observability import traces
from hikari_serve.observability.traces import Traces, exported
from hikari_serve.observer import RequestEnd, StageTime
from tests.observability.receiver import Receiver

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARTS = {"prepare": 0.01, "queue": 0.02, "compute": 0.03, "read": 0.0, "hop": 0.04}
END = RequestEnd(
    id="r1",
    traceparent=f"00-{TRACE}-{PARENT}-01",
    door="diagnose",
    outcome="partial",
    cause=None,
    seconds=0.65,
    stages=(
        StageTime("group", 0.2, 0.0, 0.1, PARTS),
        StageTime("disease", 0.3, 0.1, 0.2, error="engine_failed"),
    ),
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def providers(monkeypatch: pytest.MonkeyPatch) -> list[TracerProvider]:
    """Those that are made in this test, to be flushed."""
    made: list[TracerProvider] = []

    class Kept(TracerProvider):
        def __init__(self, **options: object) -> None:
            super().__init__(**options)  # type: ignore[arg-type]
            made.append(self)

    monkeypatch.setattr(traces, "TracerProvider", Kept)
    return made


def sent(
    receiver: Receiver,
    providers: list[TracerProvider],
    monkeypatch: pytest.MonkeyPatch,
    *ends: RequestEnd,
) -> dict[str, Span]:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    (tracing,) = exported()
    for end in ends:
        tracing.request_ended(end)
    for provider in providers:
        provider.shutdown()
    return {span.name: span for span in receiver.spans}


def test_a_request_is_one_trace_without_orphans(
    receiver: Receiver, providers: list[TracerProvider], monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = sent(receiver, providers, monkeypatch, END)
    assert receiver.services == {"hikari"}
    assert len(receiver.spans) == 8
    assert {span.trace_id.hex() for span in receiver.spans} == {TRACE}
    root = spans["diagnose"]
    assert root.parent_span_id.hex() == PARENT
    assert root.kind == Span.SPAN_KIND_SERVER
    parents = {name: span.parent_span_id for name, span in spans.items()}
    assert {parents[name] for name in ("intake", "group", "disease")} == {root.span_id}
    assert {parents[name] for name in ("prepare", "queue", "compute", "read")} == {
        spans["group"].span_id
    }
    assert spans["disease"].status.code == Status.STATUS_CODE_ERROR
    assert spans["disease"].status.message == "engine_failed"
    assert spans["group"].status.code == Status.STATUS_CODE_UNSET


def test_its_spans_lie_where_the_time_went(
    receiver: Receiver, providers: list[TracerProvider], monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = sent(receiver, providers, monkeypatch, END)
    began = spans["diagnose"].start_time_unix_nano

    def at(name: str) -> list[float]:
        span = spans[name]
        ends = span.start_time_unix_nano, span.end_time_unix_nano
        return [round((each - began) / 1e9, 5) for each in ends]

    assert at("diagnose") == [0, 0.65]
    assert at("intake") == [0, 0.2]
    assert at("group") == [0.2, 0.3]
    assert at("disease") == [0.3, 0.5]
    assert at("prepare") == [0.22, 0.23]
    for one, next_one in pairwise(("prepare", "queue", "compute", "read")):
        assert spans[one].end_time_unix_nano == pytest.approx(
            spans[next_one].start_time_unix_nano, abs=1000
        )
    inner = [span for name, span in spans.items() if name != "diagnose"]
    assert all(began <= span.start_time_unix_nano <= span.end_time_unix_nano for span in inner)


def test_a_request_without_a_trace_begins_one(
    receiver: Receiver, providers: list[TracerProvider], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = RequestEnd("r2", None, "diagnose", "error", "bad_image", 0.012)
    spans = sent(receiver, providers, monkeypatch, refused)
    assert set(spans) == {"diagnose"}
    assert spans["diagnose"].parent_span_id == b""
    its = {each.key: each.value.string_value for each in spans["diagnose"].attributes}
    assert its == {"hikari.request": "r2", "hikari.outcome": "error", "error.type": "bad_image"}


def test_a_caller_that_samples_nothing_is_not_traced(
    receiver: Receiver, providers: list[TracerProvider], monkeypatch: pytest.MonkeyPatch
) -> None:
    unsampled = RequestEnd("r3", f"00-{TRACE}-{PARENT}-00", "diagnose", "complete", None, 1.0)
    assert sent(receiver, providers, monkeypatch, unsampled) == {}


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
    assert exported(environ) == ()


def test_a_missing_exporter_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(ConfigError, match=r"OTEL_EXPORTER_OTLP_ENDPOINT is set.*\[traces\]"):
        exported({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x:4318"})


def test_no_provider_is_anybody_elses() -> None:
    """BentoML's own instruments must not begin to send."""
    from opentelemetry import trace

    before = trace.get_tracer_provider()
    Traces(TracerProvider())
    assert trace.get_tracer_provider() is before
    assert not any(name in os.environ for name in traces.ENDPOINTS)
