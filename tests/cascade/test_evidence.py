"""Evidence beside the disease model's own, and the rule that withholds a disease for it."""

import pytest

from hikari_serve.stage import Description, ReferenceCase, Retrieval
from tests.scripted import Bench, classified

LABELS = ("sccis", "psoriasis", "sccis")
GROUPS = {"sccis": "malignant", "psoriasis": "inflammatory"}


def bench(**rule: object) -> Bench:
    made = Bench(abstain=rule)
    found = classified("sccis", "sccis", "psoriasis")
    made.stages["disease"].output = found.model_copy(update={"groups": GROUPS})
    return made


def test_the_group_is_compared_with_the_disease() -> None:
    made = bench()
    assert made.run().checks.group_disease == "agrees"
    made.stages["group"].output = classified("benign", "malignant", "benign")
    assert made.run().checks.group_disease == "contradicts"
    made.stages["group"].output = classified(None, "malignant", "benign")
    assert made.run().checks.group_disease == "unknown"


def test_the_references_are_compared_with_the_disease() -> None:
    made = bench()
    cases = [ReferenceCase(id=f"c{row}", similarity=0.9 - row / 10) for row in range(len(LABELS))]
    made.stages["references"].output = Retrieval(index="i1", cases=tuple(cases), labels=LABELS)
    answer = made.run()
    assert "psoriasis" not in str(answer.references)  # ids are all that may be shown
    checks = answer.checks
    assert checks.nearest_distance == pytest.approx(0.1)
    assert checks.references_agreeing == pytest.approx(2 / 3, abs=1e-3)


def test_without_references_nothing_is_said_of_them() -> None:
    checks = bench().run(cases=0).checks
    assert (checks.nearest_distance, checks.references_agreeing) == (None, None)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"min_probability": 0.8}, "its probability of 70% is below 80%"),
        ({"max_distance": 0.05}, "the nearest reference case is 0.10 away, more than 0.05"),
        (
            {"min_references_agreeing": 0.5},
            "only 33% of the reference cases have it, less than 50%",
        ),
        ({"on_group_contradiction": True}, "does not belong to the group"),
        ({"on_caption_contradiction": True}, "the caption names another"),
    ],
)
def test_a_rule_that_fires_withholds_the_disease_and_keeps_the_differential(
    rule: dict[str, object], reason: str
) -> None:
    made = bench(**rule)
    made.stages["group"].output = classified("benign", "malignant", "benign")
    made.stages["caption"].output = Description(text="This is psoriasis.", finish_reason="stop")
    cases = made.stages["references"].output
    assert isinstance(cases, Retrieval)
    labels = ("psoriasis", "sccis", "psoriasis")
    made.stages["references"].output = cases.model_copy(update={"labels": labels})
    answer = made.run()
    assert answer.status == "abstained"
    assert answer.disease is not None
    assert (answer.disease.label, answer.disease.decision) == (None, "abstained")
    assert answer.disease.reason is not None
    assert answer.disease.reason.startswith("Sccis is not named: ")
    assert reason in answer.disease.reason
    assert answer.disease.differential[0].label == "sccis"


def test_without_a_rule_contradictions_are_told_and_the_disease_is_named() -> None:
    made = bench()
    made.stages["group"].output = classified("benign", "malignant", "benign")
    answer = made.run()
    assert (answer.status, answer.checks.group_disease) == ("complete", "contradicts")
    assert answer.disease is not None
    assert answer.disease.label == "sccis"


def test_a_blank_picture_is_no_disease() -> None:
    made = bench(on_blank=True)
    assert made.run().disease.decision == "abstained"  # type: ignore[union-attr]
    assert bench().run().disease.decision == "answered"  # type: ignore[union-attr]


def test_an_unknown_group_withholds_where_the_rule_says_so() -> None:
    for rule, decision in (({"on_unknown_group": True}, "abstained"), ({}, "answered")):
        made = bench(**rule)
        made.stages["group"].output = classified(None, "malignant", "benign")
        answer = made.run()
        assert answer.disease is not None
        assert answer.disease.decision == decision
    assert "the group model named no group" not in str(bench(on_unknown_group=True).run())
