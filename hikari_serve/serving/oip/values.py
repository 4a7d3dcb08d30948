"""What a stage found, as the values of the tensors that the protocol gives of it.

A label is a name only where it is answered: a client that reads nothing else never takes an
unsure or a withheld answer for a sure one.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from hikari_serve.stage import Classification, Retrieval, StageResult

UNKNOWN = "unknown"
"""In place of a label that is not answered, and of a decision that was never made."""


@dataclass(frozen=True, slots=True)
class Scores:
    """The probability of every label, in the label set's order."""

    values: tuple[float, ...]
    labels: tuple[str, ...]


Value = str | float | tuple[str, ...] | tuple[float, ...] | Scores

BLANKS: Mapping[str, bytes | float] = {
    "label": UNKNOWN.encode(),
    "decision": UNKNOWN.encode(),
    "scores": math.nan,
    "probability": math.nan,
    "label_mass": math.nan,
    "similarity": math.nan,
    "text": b"",
    "cases": b"",
}
"""What stands in a tensor where a stage has no result, or fewer cases than its neighbours."""


def values_of(result: StageResult) -> dict[str, Value]:
    """The value of every tensor that a kind of model can give, by the model's own names."""
    output = result.output
    if isinstance(output, Classification):
        answered = output.decision == "answered" and output.label
        values: dict[str, Value] = {
            "label": output.label if answered and output.label else UNKNOWN,
            "decision": output.decision,
        }
        if output.scores:  # words carry none
            names = tuple(output.names)
            values["scores"] = Scores(tuple(output.scores[label] for label in names), names)
        for name in ("probability", "label_mass"):
            if (number := getattr(output, name)) is not None:
                values[name] = number
        return values
    if isinstance(output, Retrieval):
        return {
            "cases": tuple(case.id for case in output.cases),
            "similarity": tuple(case.similarity for case in output.cases),
        }
    return {"text": output.text}
