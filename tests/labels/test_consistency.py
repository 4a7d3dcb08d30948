"""A caption against the label."""

import pytest

from hikari_serve.labels.consistency import consistency
from hikari_serve.stage import Classification

DISEASE = Classification(
    label="psoriasis",
    display_name="Psoriasis",
    probability=0.9,
    scores={"psoriasis": 0.9, "skin_tag": 0.1},
    names={"psoriasis": "Psoriasis", "skin_tag": "Skin tag"},
    label_mass=1.0,
    decision="answered",
)


@pytest.mark.parametrize(
    ("caption", "verdict"),
    [
        ("Scaly plaques. Consistent with psoriasis.", "agrees"),
        ("A soft papule. Consistent with skin tag.", "contradicts"),
        ("Psoriasis or skin tag.", "unknown"),
        ("A red plaque.", "unknown"),
        ("This is not psoriasis.", "unknown"),
        ("No scale is seen. Consistent with psoriasis.", "agrees"),
        ("Antipsoriasised.", "unknown"),
    ],
)
def test_verdicts(caption: str, verdict: str) -> None:
    assert consistency(caption, DISEASE) == verdict


def test_without_a_label_there_is_nothing_to_compare() -> None:
    unsure = DISEASE.model_copy(update={"label": None})
    assert consistency("Consistent with psoriasis.", unsure) == "unknown"
    assert consistency("Consistent with psoriasis.", None) == "unknown"
