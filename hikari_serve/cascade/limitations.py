"""What is known of the models that an answer comes from, as far as it concerns the answer."""

from collections.abc import Iterator, Mapping

from hikari_serve.repository.schema import Known, Metric
from hikari_serve.stage import Classification, Frozen, Output

CONCERNED = 0.05
"""A label below this probability is none that a reader would take the lesion for."""

GENERAL = "general"
"""The key of `Known.limitations` that holds for every label."""


class Limitation(Frozen):
    """What is known of a model and concerns this answer.

    Attributes:
        model: The model.
        label: The label that it is about; null where it holds for all.
        display_name: That label in words.
        text: For people: what to beware of, or what was measured, by whom, and how sure that is.
    """

    model: str
    label: str | None
    display_name: str | None
    text: str


def limitations(
    known: Mapping[str, Known], outputs: Mapping[str, Output | None]
) -> tuple[Limitation, ...]:
    """Collects the limits of the models that answered.

    Args:
        known: What is known of each model, by its name; the cascade's own is among them.
        outputs: What each model found, by its name; None for the cascade.

    Returns:
        Those of each model together, in the order of `outputs`: what holds for all labels, then
        the labels of the answer, the most probable first.
    """
    return tuple(
        limit
        for model, output in outputs.items()
        if model in known
        for limit in _of_model(model, known[model], output)
    )


def _of_model(model: str, known: Known, output: Output | None) -> Iterator[Limitation]:
    if GENERAL in known.limitations:
        yield Limitation(
            model=model, label=None, display_name=None, text=known.limitations[GENERAL]
        )
    for metric in known.metrics:
        if metric.value is not None:
            text = _measured(metric, metric.value)
            yield Limitation(model=model, label=None, display_name=None, text=text)
    if not isinstance(output, Classification):
        return
    for label in _concerned(output):
        texts = [known.limitations[label]] if label in known.limitations else []
        texts += [_measured(m, m.by_label[label]) for m in known.metrics if label in m.by_label]
        for text in texts:
            yield Limitation(model=model, label=label, display_name=output.names[label], text=text)


def _concerned(found: Classification) -> list[str]:
    """The labels that a reader would take the lesion for."""
    if found.scores:
        return [label for label, share in found.scores.items() if share >= CONCERNED]
    return [found.label] if found.label else []


def _measured(metric: Metric, value: float) -> str:
    unsure = f"; uncertain: {metric.uncertain}" if metric.uncertain else ""
    return f"{metric.name} {value:g}{metric.unit} ({metric.source}{unsure})"
