"""An observer that makes a trace of each request: its intake, its stages, and their parts.

The spans are made when the request has ended, from the times that it ended with, so that they
cost nothing on its way. They go where OpenTelemetry's own `OTEL_*` variables say.
"""

import os
import time
from collections.abc import Mapping

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from hikari_serve import __version__
from hikari_serve.errors import ConfigError
from hikari_serve.observer import Observer, RequestEnd, StageTime

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""Without any of them nothing is traced."""

NANOSECONDS = 1_000_000_000


def exported(environ: Mapping[str, str] = os.environ) -> "tuple[Traces, ...]":
    """What sends traces as the environment says; none where it says nothing.

    Raises:
        ConfigError: It says so, and what sends them is not installed.
    """
    named = next((name for name in ENDPOINTS if environ.get(name)), None)
    if named is None or environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return ()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise ConfigError(
            f"{named} is set, but what sends traces is not installed: "
            "pip install 'hikari-serve[traces]'"
        ) from None
    its = {"service.name": environ.get("OTEL_SERVICE_NAME", "hikari")}
    provider = TracerProvider(resource=Resource.create({**its, "service.version": __version__}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return (Traces(provider),)


class Traces(Observer):
    """Makes a trace of what it hears."""

    def __init__(self, provider: TracerProvider) -> None:
        """Args:
        provider: Where the spans go.
        """
        self._tracer = provider.get_tracer("hikari_serve", __version__)

    def request_ended(self, request: RequestEnd) -> None:
        given = {"traceparent": request.traceparent} if request.traceparent else {}
        parent = TraceContextTextMapPropagator().extract(given, Context())
        began = time.time() - request.seconds
        root = self._span(parent, request.door, began, kind=SpanKind.SERVER)
        root.set_attribute("hikari.request", request.id)
        root.set_attribute("hikari.outcome", request.outcome)
        if request.cause:
            _fail(root, request.cause)
        inside = set_span_in_context(root, parent)
        if request.stages:
            graph = min(each.began - each.waited for each in request.stages)
            self._span(inside, "intake", began).end(_ns(began + graph))
        for stage in request.stages:
            self._stage(inside, began + stage.began, stage)
        root.end(_ns(began + request.seconds))

    def _stage(self, inside: Context, began: float, stage: StageTime) -> None:
        span = self._span(inside, stage.stage, began)
        if stage.error:
            _fail(span, stage.error)
        its = set_span_in_context(span, inside)
        at = began + stage.parts.get("hop", 0.0) / 2  # there and back; which took what is not known
        for part, took in stage.parts.items():
            if part != "hop":
                self._span(its, part, at).end(_ns(at + took))
                at += took
        span.end(_ns(began + stage.seconds))

    def _span(
        self, inside: Context, name: str, began: float, kind: SpanKind = SpanKind.INTERNAL
    ) -> Span:
        return self._tracer.start_span(name, inside, kind, start_time=_ns(began))


def _fail(span: Span, code: str) -> None:
    span.set_attribute("error.type", code)
    span.set_status(StatusCode.ERROR, code)


def _ns(seconds: float) -> int:
    return int(seconds * NANOSECONDS)
