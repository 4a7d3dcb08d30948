"""Evidence beside the disease model's own, and the rule that withholds a disease for it."""

import pytest

from hikari_serve.cascade.report import StageEnd
from hikari_serve.errors import Unavailable
from hikari_serve.stage import Classification, Description, ReferenceCase, Retrieval
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


WORDED: dict[str, object] = {"scores": {}, "probability": None, "label_mass": None}
"""What a model with `decoding: generate` has none of."""


def test_a_group_that_was_read_from_words_is_compared_too() -> None:
    worded = {**WORDED, "written": "malignant"}
    made = bench()
    for label, fits in (("malignant", "agrees"), ("benign", "contradicts")):
        found = classified(label, "malignant", "benign").model_copy(update=worded)
        made.stages["group"].output = found
        assert made.run().checks.group_disease == fits


@pytest.mark.parametrize(
    ("rule", "label"), [("on_group_contradiction", "benign"), ("on_unknown_group", None)]
)
def test_a_group_that_was_read_from_words_withholds(rule: str, label: str | None) -> None:
    made = bench(**{rule: True})
    found = classified(label, "malignant", "benign").model_copy(update=WORDED)
    made.stages["group"].output = found
    assert made.run().status == "abstained"


def test_the_references_are_compared_with_the_disease() -> None:
    made = bench()
    cases = [ReferenceCase(id=f"c{row}", similarity=0.9 - row / 10) for row in range(len(LABELS))]
    made.stages["references"].output = Retrieval(index="i1", cases=tuple(cases), labels=LABELS)
    answer = made.run()
    assert "psoriasis" not in str(answer.references)  # ids are all that may be shown
    checks = answer.checks
    assert checks.nearest_distance == pytest.approx(0.1)
    assert checks.references_agreeing == pytest.approx(2 / 3, abs=1e-3)


@pytest.mark.parametrize(
    ("labels", "share"),
    [
        (("SCCIS", "Bowen's disease", "Psoriasis"), 0.6667),
        (("SCC i. s.", "Squamous cell ca. in situ"), None),
        (("SCC i. s.", "sccis"), 0.5),
        (("lichen_planus", "urticaria"), 0.0),  # of another label set
        ((), None),
    ],
)
def test_cases_with_words_in_place_of_ids_count_as_far_as_they_are_known(
    labels: tuple[str, ...], share: float | None
) -> None:
    made = bench()
    named = classified("sccis", "sccis", "psoriasis")
    aliases = {"sccis": ("bowen's disease",)}
    made.stages["disease"].output = named.model_copy(update={"aliases": aliases})
    made.stages["references"].output = Retrieval(index="i1", cases=(), labels=labels)
    assert made.run().checks.references_agreeing == share


def test_the_nearest_case_need_not_be_among_the_retrieved() -> None:
    made = bench(max_distance=0.05)
    case = ReferenceCase(id="c", similarity=0.1)
    made.stages["references"].output = Retrieval(
        index="i1", cases=(case,), labels=LABELS[:1], nearest=0.96
    )
    answer = made.run()
    assert answer.status == "complete"
    assert answer.checks.nearest_distance == pytest.approx(0.04)


def test_without_references_nothing_is_said_of_them() -> None:
    checks = bench().run(cases=0).checks
    assert (checks.nearest_distance, checks.references_agreeing) == (None, None)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"min_probability": 0.8}, "its probability of 70% is below 80%"),
        ({"max_distance": 0.05}, "the nearest reference case is 0.10 away, more than 0.05"),
        (
            {"min_typicality": 0.05},
            "only 2% of the reference cases are as far from the nearest other one as the picture "
            "is, less than 5%",
        ),
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
    made.stages["references"].output = cases.model_copy(
        update={"labels": labels, "typicality": 0.02}
    )
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


@pytest.mark.parametrize(
    ("stage", "rule"),
    [
        ("references", {"min_typicality": 0.01}),
        ("references", {"max_distance": 1.5}),
        ("group", {"on_unknown_group": True}),
        ("caption", {"on_caption_contradiction": True}),
    ],
)
def test_a_rule_whose_stage_gave_nothing_withholds(stage: str, rule: dict[str, object]) -> None:
    made = bench(**rule)
    made.stages[stage].error = Unavailable("the runner cannot be reached")
    answer = made.run()
    assert answer.disease is not None
    assert (answer.status, answer.disease.decision) == ("partial", "abstained")
    assert answer.disease.reason is not None
    assert "could say what the rule asks of it" in answer.disease.reason
    made = bench()
    made.stages[stage].error = Unavailable("the runner cannot be reached")
    assert made.run().disease == bench().run().disease


@pytest.mark.parametrize(
    ("cases", "rule", "reason"),
    [
        (0, {"min_references_agreeing": 0.5}, "no reference case could be compared"),
        (0, {"max_distance": 1.5}, "no reference case could be compared"),
        (0, {"min_typicality": 0.01}, "no reference case could be compared"),
        (1, {"min_typicality": 0.01}, "the reference cases do not say what the rule asks of them"),
    ],
)
def test_a_search_that_tells_nothing_clears_nothing(
    cases: int, rule: dict[str, object], reason: str
) -> None:
    """An index of one case has no typicality; one whose cases are all left out finds none."""
    made = bench(**rule)
    found = tuple(ReferenceCase(id=f"c{row}", similarity=0.9) for row in range(cases))
    retrieval = Retrieval(index="i1", cases=found, labels=("sccis",) * cases)
    made.stages["references"].output = retrieval
    answer = made.run()
    assert answer.disease is not None
    assert (answer.status, answer.disease.decision) == ("abstained", "abstained")
    assert answer.disease.reason == f"Sccis is not named: {reason}"


@pytest.mark.parametrize(
    ("similarity", "limit", "reason"),
    [(0.696, 0.3, "is 0.304 away, more than 0.300"), (0.6, 0.3, "is 0.40 away, more than 0.30")],
)
def test_a_distance_above_a_limit_never_looks_like_it(
    similarity: float, limit: float, reason: str
) -> None:
    made = bench(max_distance=limit)
    case = ReferenceCase(id="c1", similarity=similarity)
    made.stages["references"].output = Retrieval(index="i1", cases=(case,))
    assert f"the nearest reference case {reason}" in str(made.run().disease)


def test_a_request_without_cases_is_asked_no_rule_about_them() -> None:
    answer = bench(min_typicality=0.01).run(cases=0)
    assert answer.disease is not None
    assert answer.disease.decision == "answered"
    answer = bench(on_caption_contradiction=True).run(until="disease")
    assert answer.disease is not None
    assert answer.disease.decision == "answered"


def test_what_is_withheld_is_told_to_nobody_on_the_way() -> None:
    """Neither the event of the stage nor the stage behind it hears of the label."""
    made = bench(min_typicality=0.05)
    cases = made.stages["references"].output
    made.stages["references"].output = cases.model_copy(update={"typicality": 0.0})
    ends: dict[str, StageEnd] = {}
    made.run(lambda event: ends.update({event.name: event} if isinstance(event, StageEnd) else {}))
    told = ends["disease"].output
    assert isinstance(told, Classification)
    assert (told.label, told.decision, ends["disease"].provisional) == (None, "abstained", False)
    assert "disease" not in made.stages["caption"].items[0].inputs


def test_a_label_that_a_later_stage_may_withhold_is_provisional() -> None:
    made = bench(on_caption_contradiction=True)
    made.stages["caption"].output = Description(text="This is psoriasis.", finish_reason="stop")
    ends: dict[str, StageEnd] = {}
    answer = made.run(
        lambda event: ends.update({event.name: event} if isinstance(event, StageEnd) else {})
    )
    told = ends["disease"].output
    assert isinstance(told, Classification)
    assert (told.label, ends["disease"].provisional) == ("sccis", True)
    assert answer.disease is not None
    assert answer.disease.decision == "abstained"


def test_a_caption_that_was_cut_is_no_evidence_on_the_way_or_at_the_end() -> None:
    made = bench()
    made.stages["caption"].output = Description(
        text="A red plaque. Sccis can be", finish_reason="length"
    )
    told: list[StageEnd] = []
    answer = made.run(lambda event: told.extend([event] if isinstance(event, StageEnd) else []))
    assert answer.caption is not None
    assert answer.caption.consistency == "unknown"
    (caption,) = (event for event in told if event.name == "caption")
    assert caption.mentions == answer.caption.mentions
    assert [mention.consistency for mention in answer.caption.mentions] == ["unknown"]
