"""An observer that makes a trace of each request, the API's part of it or a runner's.

The API has a span for the request, and in it the intake, the decoding, each stage and the answer; a
runner has one for the item, and in it the parts of its time, and one for each batch. All are
made from times when what they tell of has ended, so that they cost nothing on its way; what begins
is only given its context, which goes with it over the hop. They go where OpenTelemetry's own
`OTEL_*` variables say.
"""

import os
import time
from collections.abc import Mapping, Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from hikari_serve import __version__
from hikari_serve.errors import ConfigError
from hikari_serve.observer import TRACEPARENT, BatchEnd, ItemEnd, Observer, RequestEnd

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""Without any of them nothing is traced."""

NANOSECONDS = 1_000_000_000

SCOPE = InstrumentationScope("hikari_serve", __version__)

Attributes = Mapping[str, str | int | float]

OK = Status()

_SPAN = slice(36, 52)
"""Where the span's id stands in a trace context."""


def endpoint(environ: Mapping[str, str] = os.environ) -> str | None:
    """Where traces are sent as the environment says; None where it says nothing.

    Raises:
        ConfigError: It says so, and what sends them is not installed.
    """
    named = next((name for name in ENDPOINTS if environ.get(name)), None)
    if named is None or environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    try:
        import opentelemetry.exporter.otlp.proto.http.trace_exporter  # noqa: F401
    except ImportError:
        raise ConfigError(
            f"{named} is set, but what sends traces is not installed: "
            "pip install '.[traces]' in the checkout"
        ) from None
    return environ[named]


def exported(stage: str = "", environ: Mapping[str, str] = os.environ) -> "tuple[Traces, ...]":
    """What sends traces as the environment says; none where it says nothing.

    Args:
        stage: Whose runner this process is; the API is none's.
        environ: The environment.

    Raises:
        ConfigError: It says so, and what sends them is not installed.
    """
    if endpoint(environ) is None:
        return ()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    name = f"hikari-{stage}" if stage else "hikari"
    its: Attributes = {
        "service.name": environ.get("OTEL_SERVICE_NAME") or name,
        "service.version": __version__,
        "process.pid": os.getpid(),
    }
    provider = TracerProvider(resource=Sender(Resource.create(its)))
    return (Traces(provider, BatchSpanProcessor(OTLPSpanExporter())),)


class Sender(Resource):
    """A resource that knows its hash.

    The exporter asks for it with every span, and a resource would write itself as JSON each time.
    """

    def __init__(self, known: Resource) -> None:
        super().__init__(known.attributes, known.schema_url)
        self._hash = hash(known)

    def __hash__(self) -> int:
        return self._hash


class Traces(Observer):
    """Makes spans of what it hears."""

    def __init__(self, provider: TracerProvider, processor: SpanProcessor) -> None:
        """Args:
        provider: Its ids, its sampler and its resource are those of the spans.
        processor: Where they go; the provider shuts it down.
        """
        provider.add_span_processor(processor)
        self._ids, self._sampler = provider.id_generator, provider.sampler
        self._resource = provider.resource
        self._processor = processor

    def traced(self, given: str | None) -> str | None:
        parent = _context(given)
        inside = set_span_in_context(NonRecordingSpan(parent), Context()) if parent else Context()
        trace = parent.trace_id if parent else self._ids.generate_trace_id()
        decision = self._sampler.should_sample(inside, trace, "").decision
        sampled = decision is Decision.RECORD_AND_SAMPLE
        span = self._ids.generate_span_id()
        return f"00-{trace:032x}-{span:016x}-{int(sampled):02x}"

    def part_traced(self, whole: str | None) -> str | None:
        """The same trace with a span of its own; it is sampled if the whole is."""
        if whole is None:
            return None
        return f"{whole[: _SPAN.start]}{self._ids.generate_span_id():016x}{whole[_SPAN.stop :]}"

    def request_ended(self, request: RequestEnd) -> None:
        own = _context(request.trace)
        if own is None or not own.trace_flags.sampled:
            return
        began = time.time() - request.seconds
        ended = began + request.seconds
        if (intake := request.intake) is not None:
            self._span("intake", None, own, began, began + intake)
        for picture in request.pictures:
            at = began + picture.began
            self._span("decode", None, own, at, at + picture.seconds)
        for stage in request.stages:
            at, its_own = began + stage.began, _context(stage.trace)
            self._span(
                stage.stage,
                its_own,
                own,
                at,
                at + stage.seconds,
                kind=SpanKind.CLIENT if its_own else SpanKind.INTERNAL,
                error=stage.error,
            )
        if (answer := request.answer) is not None:
            self._span("answer", None, own, ended - answer, ended)
        self._span(
            request.door,
            own,
            _context(request.traceparent),
            began,
            ended,
            kind=SpanKind.SERVER,
            attributes={"hikari.request": request.id, "hikari.outcome": request.outcome},
            error=request.cause,
        )

    def item_done(self, item: ItemEnd) -> None:
        own = _context(item.trace)
        if own is None or not own.trace_flags.sampled:
            return
        epoch = time.time() - time.monotonic()
        for part, (began, ended) in item.parts.items():
            self._span(part, None, own, epoch + began, epoch + ended)
        self._span(
            item.model,
            own,
            _context(item.traceparent),
            epoch + item.began,
            epoch + item.ended,
            kind=SpanKind.SERVER,
            attributes={"hikari.version": item.version, "hikari.batch_size": item.batch_size},
            error=item.error,
        )

    def batch_ended(self, batch: BatchEnd) -> None:
        """Makes a span in the trace of the first member, linked to all of them.

        An item that was alone has nobody to be linked to: its `compute` tells all of its batch.
        """
        if len(batch.members) < 2:
            return
        members = map(_context, batch.members)
        contexts = [each for each in members if each and each.trace_flags.sampled]
        if len(contexts) < 2:
            return
        ended = time.time()
        self._span(
            "batch",
            None,
            contexts[0],
            ended - batch.seconds,
            ended,
            links=[Link(each) for each in contexts],
        )

    def _span(
        self,
        name: str,
        own: SpanContext | None,
        parent: SpanContext | None,
        began: float,
        ended: float,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes | None = None,
        error: str | None = None,
        links: Sequence[Link] = (),
    ) -> None:
        """Sends a span; `own` is its context where others know it, times are of the Unix epoch."""
        if own is None:
            assert parent is not None
            its = self._ids.generate_span_id()
            own = SpanContext(parent.trace_id, its, is_remote=False, trace_flags=parent.trace_flags)
        if error:
            attributes = {**(attributes or {}), "error.type": error}
        span = ReadableSpan(
            name,
            own,
            parent,
            self._resource,
            attributes,
            links=links,
            kind=kind,
            status=Status(StatusCode.ERROR, error) if error else OK,
            start_time=int(began * NANOSECONDS),
            end_time=int(ended * NANOSECONDS),
            instrumentation_scope=SCOPE,
        )
        self._processor.on_end(span)


def _context(traceparent: str | None) -> SpanContext | None:
    """The span that a trace context names; None where it names none.

    OpenTelemetry's own reading takes ten times as long, and this is asked for each span.
    """
    found = TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if found is None:
        return None
    trace, span, flags = found.groups()
    sampled = TraceFlags(int(flags, 16) & TraceFlags.SAMPLED)
    return SpanContext(int(trace, 16), int(span, 16), is_remote=True, trace_flags=sampled)
