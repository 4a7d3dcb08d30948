"""What an answer tells of its models' limits."""

import pytest

from hikari_serve.cascade.limitations import Limitation, limitations
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.repository.schema import ClassifierConfig, Known, Metric
from hikari_serve.stage import Description
from tests.scripted import REPOSITORY, Bench, classified

KNOWN = Known(
    metrics=(
        Metric(name="accuracy", value=85.86, source="authors", uncertain="leaked pictures"),
        Metric(name="sensitivity", by_label={"psoriasis": 100.0, "urticaria": 0}, source="ours"),
        Metric(name="BLEU-4", value=29.33, unit="", source="authors"),
    ),
    limitations={"general": "Never evaluated.", "sccis": "Mostly invasive.", "urticaria": "Poor."},
)


def told(found: tuple[Limitation, ...]) -> list[tuple[str | None, str]]:
    return [(limit.display_name, limit.text) for limit in found]


def test_what_holds_for_all_comes_first_and_then_the_labels_of_the_answer() -> None:
    found = limitations({"m": KNOWN}, {"m": classified("sccis", "sccis", "psoriasis")})
    assert told(found) == [
        (None, "Never evaluated."),
        (None, "accuracy 85.86% (authors; uncertain: leaked pictures)"),
        (None, "BLEU-4 29.33 (authors)"),
        ("Sccis", "Mostly invasive."),
        ("Psoriasis", "sensitivity 100% (ours)"),
    ]


def test_a_label_that_nobody_would_take_it_for_is_left_out() -> None:
    output = classified("sccis", "sccis", "psoriasis")
    output = output.model_copy(update={"scores": {"sccis": 0.97, "psoriasis": 0.03}})
    assert "Psoriasis" not in [name for name, _ in told(limitations({"m": KNOWN}, {"m": output}))]


def test_a_model_without_labels_has_general_limits() -> None:
    output = Description(text="Sccis.", finish_reason="stop")
    names = [limit.label for limit in limitations({"m": KNOWN}, {"m": output, "other": None})]
    assert names == [None] * 3


def test_an_answer_tells_the_limits_of_the_models_that_answered() -> None:
    bench = Bench()
    bench.stages["caption"].error = ValueError("broken")
    assert [limit.model for limit in bench.run().limits] == ["demo_group", "demo_disease"]


@pytest.mark.parametrize("name", REPOSITORY.names())
def test_every_known_label_is_one_of_the_models_own(name: str) -> None:
    hikari = REPOSITORY.config(name).hikari
    known = hikari.known
    named = {*known.limitations, *(label for m in known.metrics for label in m.by_label)}
    named.discard("general")
    own: set[str] = set()
    if isinstance(hikari, ClassifierConfig):
        labels = LabelSet.find(hikari.labels, REPOSITORY.folder(name)).labels
        own = {label.id for label in labels}
    assert named <= own
