"""The metrics by name, with their labels: all that `/metrics` shows of ours.

Every label has few values, which the server knows before anybody asks: stages, models, codes of
errors, labels of a label set. No client can add a series. Times are seconds, shares from 0 to 1.
`docs/metrics.md` has the table.
"""

from functools import cache
from typing import TypeVar

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, values
from prometheus_client.metrics import MetricWrapperBase

from hikari_serve.observability.counts import CountsFile

# Of whoever counts in this process.
values.MmapedDict = CountsFile  # type: ignore[attr-defined, assignment]

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""Buckets of times: from a stage's smallest part to the longest deadline that is usual."""

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1)
"""Buckets of what lies between 0 and 1, finer where sure answers are."""

DISTANCES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2)
"""Buckets of a cosine distance, finer where alike pictures are."""

SIZES = (1, 2, 4, 8, 16, 32, 64)
"""Buckets of items in a batch."""

LOADS = (0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
"""Buckets of the seconds that loading takes."""

STAGE = ("cascade", "stage")
MODEL = ("stage", "model", "version")


T = TypeVar("T", bound=MetricWrapperBase)


def _quick(metric: T) -> T:
    """The metric, which finds the series of some labels at once: a request counts a hundred."""
    metric.labels = cache(metric.labels)  # type: ignore[method-assign]
    return metric


class Figures:
    """All metrics of a process; one object a registry.

    A gauge of several processes is their sum (`livesum`), but for what each says of the same
    thing (`livemax`); those of a dead process count no more.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return _quick(Counter(f"hikari_{name}", text, labels, registry=registry))

        def gauge(name: str, text: str, *labels: str, mode: str = "livesum") -> Gauge:
            its = Gauge(
                f"hikari_{name}",
                text,
                labels,
                registry=registry,
                multiprocess_mode=mode,  # type: ignore[arg-type]
            )
            return _quick(its)

        def histogram(
            name: str, text: str, *labels: str, buckets: tuple[float, ...] = SECONDS
        ) -> Histogram:
            its = Histogram(f"hikari_{name}", text, labels, registry=registry, buckets=buckets)
            return _quick(its)

        # Requests, at the API.
        self.requests = counter("requests", "Requests that ended.", "door", "outcome", "cause")
        self.request = histogram("request_seconds", "From the head to the answer.", "door")
        self.request_part = histogram(
            "request_part_seconds", "What stands around the stages.", "door", "part"
        )
        self.first_event = histogram("first_event_seconds", "To a stream's first event.", "door")
        self.first_word = histogram("first_word_seconds", "To a stream's first word.", "door")

        self.audit_lost = counter("audit_lost", "Lines of the audit log that were lost.")

        # Pictures, at the API.
        self.pictures = counter("pictures", "Pictures that were read.", "cascade", "format")
        self.refused = counter("pictures_refused", "Pictures refused.", "cascade", "code")
        self.decode = histogram("decode_seconds", "From a picture's bytes to its views.", "cascade")
        self.quality = histogram(
            "picture_quality", "Fitness to be judged.", "cascade", buckets=SHARES
        )

        # Stages, at the API.
        self.stage_seconds = histogram("stage_seconds", "A stage's parts.", *STAGE, "part")
        self.stage_failures = counter("stage_failures", "Stages without a result.", *STAGE, "cause")
        self.replicas = gauge(
            "stage_replicas", "Replicas by how they are.", "stage", "condition", mode="livemax"
        )
        self.repeated = counter("stage_retries", "Calls that were repeated.", "stage", "why")
        self.stage_waiting = gauge("stage_waiting", "Items that a stage was asked for.", *STAGE)

        # What the models said, at the API.
        self.decisions = counter("decisions", "Classifications.", *STAGE, "decision")
        self.labels = counter("labels", "Labels that were answered.", *STAGE, "label")
        self.probability = histogram(
            "probability", "Of the most probable label.", *STAGE, buckets=SHARES
        )
        self.label_mass = histogram(
            "label_mass", "Belief inside the label set.", *STAGE, buckets=SHARES
        )
        self.distance = histogram(
            "nearest_distance", "Cosine distance of the nearest case.", *STAGE, buckets=DISTANCES
        )

        # Queues and engines, at the runners.
        self.pending = gauge("stage_pending", "Items that wait for the engine.", *MODEL)
        self.running = gauge("stage_running", "Items in the engine.", *MODEL)
        self.shared = counter("single_flight_hits", "Items computed with an equal one.", *MODEL)
        self.batch_size = histogram("batch_size", "Items of a batch.", *MODEL, buckets=SIZES)
        self.batch_released = counter("batch_released", "Batches that began.", *MODEL, "why")
        self.batch_seconds = histogram("batch_seconds", "Batches in the engine.", *MODEL)
        self.prompt_tokens = counter("prompt_tokens", "Tokens read, images included.", *MODEL)
        self.new_tokens = counter("new_tokens", "Tokens written.", *MODEL)
        self.cases = counter("reference_pictures", "Cases' pictures in prompts.", *MODEL)
        self.cases_decoded = counter("reference_pictures_decoded", "Those not at hand.", *MODEL)
        self.turn_wait = histogram("turn_wait_seconds", "Waiting for the device.", *MODEL)
        self.awake = gauge("device_awake", "Whether the model has its device.", *MODEL)

        # Models, at the runners.
        self.info = gauge(
            "model_info", "What answers: 1.", *MODEL, "digest", "index", "prompt", mode="livemax"
        )
        self.load_seconds = histogram("load_seconds", "Loading.", *MODEL, buckets=LOADS)
        self.load_failures = counter("load_failures", "Loads that failed.", *MODEL)
