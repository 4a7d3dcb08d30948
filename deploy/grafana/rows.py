"""What the dashboard shows: rows of panels, and each panel's queries."""

from dataclasses import dataclass

RATE = "$__rate_interval"
"""Grafana's own window: long enough for the scrapes that there are."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A graph over time.

    Attributes:
        title: What it shows.
        unit: Of its values, by Grafana's name: `s`, `reqps`, `percentunit`, `short`.
        queries: Each query of Prometheus, with the legend of its lines.
        stacked: Whether its lines add up to something.
    """

    title: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    stacked: bool = False


def rate(name: str, by: str) -> str:
    """How often a counter counts in a second."""
    return f"sum by ({by}) (rate({name}[{RATE}]))"


def mean(name: str, by: str) -> str:
    """The mean of a histogram's values."""
    return f"{rate(f'{name}_sum', by)} / {rate(f'{name}_count', by)}"


def quantiles(name: str, by: str, legend: str, *shares: float) -> tuple[tuple[str, str], ...]:
    """Those of a histogram, a line each."""
    return tuple(
        (
            f"histogram_quantile({share}, {rate(f'{name}_bucket', f'{by}, le')})",
            f"{legend} p{share * 100:g}",
        )
        for share in shares
    )


def share(name: str, by: str, of: str) -> str:
    """Each label's share of what a counter counts."""
    return f"{rate(name, f'{of}, {by}')} / on ({of}) group_left () {rate(name, of)}"


ROWS: dict[str, tuple[Panel, ...]] = {
    "Overview": (
        Panel("Requests", "reqps", (("door_outcome:hikari_requests:rate5m", "{{door}} {{outcome}}"),), stacked=True),
        Panel("Requests that end with an error of the server's", "percentunit", (("door:hikari_faults:ratio5m", "{{door}}"),)),
        Panel("One of 20 requests takes longer than", "s", (("door:hikari_request_seconds:p95_5m", "{{door}}"),)),
        Panel("What answers", "short", (("hikari_model_info == 1", "{{stage}}: {{model}} {{version}} {{digest}}"),)),
    ),
    "Quality of service": (
        Panel("Requests take", "s", quantiles("hikari_request_seconds", "door", "{{door}}", 0.5, 0.95, 0.99)),
        Panel("Streams: first event", "s", quantiles("hikari_first_event_seconds", "door", "{{door}}", 0.5, 0.95)),
        Panel("Streams: first word", "s", quantiles("hikari_first_word_seconds", "door", "{{door}}", 0.5, 0.95)),
        Panel("Before and after the stages", "s", quantiles("hikari_request_part_seconds", "door, part", "{{door}} {{part}}", 0.5, 0.95)),
        Panel("Errors by cause", "reqps", ((rate('hikari_requests_total{outcome="error"}', "cause"), "{{cause}}"),), stacked=True),
        Panel("Reading a picture", "s", quantiles("hikari_decode_seconds", "cascade", "{{cascade}}", 0.5, 0.95)),
    ),
    "Stages": (
        Panel("Each part of a stage, on average", "s", ((mean("hikari_stage_seconds", "stage, part"), "{{stage}} {{part}}"),), stacked=True),
        Panel("One of 20 calls takes longer than", "s", (("stage_part:hikari_stage_seconds:p95_5m", "{{stage}} {{part}}"),)),
        Panel("Stages without a result", "reqps", ((rate("hikari_stage_failures_total", "stage, cause"), "{{stage}} {{cause}}"),)),
        Panel("Share of calls without a result", "percentunit", (("stage:hikari_stage_failures:ratio5m", "{{stage}}"),)),
        Panel("Calls that wait for a stage", "short", (("sum by (stage) (hikari_stage_waiting)", "{{stage}}"),)),
        Panel("In front of the engine, and in it", "short", (("sum by (stage) (hikari_stage_pending)", "{{stage}} pending"), ("sum by (stage) (hikari_stage_running)", "{{stage}} running"))),
    ),
    "Replicas": (
        Panel("How they are", "short", (("max by (stage, condition) (hikari_stage_replicas) > 0", "{{stage}} {{condition}}"),), stacked=True),
        Panel("Calls that were repeated", "reqps", ((rate("hikari_stage_retries_total", "stage, why"), "{{stage}} {{why}}"),)),
    ),
    "Engine and device": (
        Panel("Items of a batch, on average", "short", ((mean("hikari_batch_size", "stage"), "{{stage}}"),)),
        Panel("A batch takes", "s", quantiles("hikari_batch_seconds", "stage", "{{stage}}", 0.5, 0.95)),
        Panel("Why batches began", "reqps", ((rate("hikari_batch_released_total", "stage, why"), "{{stage}} {{why}}"),), stacked=True),
        Panel("Tokens a second", "short", ((rate("hikari_prompt_tokens_total", "stage"), "{{stage}} read"), (rate("hikari_new_tokens_total", "stage"), "{{stage}} written"))),
        Panel("Items computed with an equal one", "reqps", ((rate("hikari_single_flight_hits_total", "stage"), "{{stage}}"),)),
        Panel("Cases' pictures decoded anew", "percentunit", ((f"{rate('hikari_reference_pictures_decoded_total', 'stage')} / {rate('hikari_reference_pictures_total', 'stage')}", "{{stage}}"),)),
        Panel("Waiting for the device", "s", quantiles("hikari_turn_wait_seconds", "stage", "{{stage}}", 0.5, 0.95)),
        Panel("Models that are awake", "short", (("sum by (stage, model) (hikari_device_awake)", "{{stage}} {{model}}"),)),
        Panel("Loading took", "s", (("sum by (stage, model) (hikari_load_seconds_sum) / sum by (stage, model) (hikari_load_seconds_count)", "{{stage}} {{model}}"),)),
        Panel("Loads that failed", "short", (("sum by (stage, model) (hikari_load_failures_total)", "{{stage}} {{model}}"),)),
    ),
    "Medicine": (
        Panel("Decisions", "percentunit", ((share("hikari_decisions_total", "decision", "stage"), "{{stage}} {{decision}}"),)),
        Panel("Without a sure answer, last hour", "percentunit", (("stage:hikari_unanswered:ratio1h", "{{stage}}"),)),
        Panel("Probability of the most probable label", "percentunit", quantiles("hikari_probability", "stage", "{{stage}}", 0.05, 0.5)),
        Panel("Belief inside the label set", "percentunit", quantiles("hikari_label_mass", "stage", "{{stage}}", 0.05, 0.5)),
        Panel("Labels", "percentunit", ((share("hikari_labels_total", "label", "stage"), "{{stage}} {{label}}"),), stacked=True),
        Panel("Distance of the nearest case", "short", (*quantiles("hikari_nearest_distance", "stage", "{{stage}}", 0.5, 0.95), ("stage:hikari_nearest_distance:mean1h", "{{stage}} mean of an hour"))),
        Panel("Quality of pictures", "percentunit", quantiles("hikari_picture_quality", "cascade", "{{cascade}}", 0.05, 0.5)),
        Panel("Pictures by format", "reqps", ((rate("hikari_pictures_total", "format"), "{{format}}"),), stacked=True),
        Panel("Pictures that are refused", "reqps", ((rate("hikari_pictures_refused_total", "code"), "{{code}}"),), stacked=True),
    ),
}  # fmt: skip
