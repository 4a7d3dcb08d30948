"""What the answers are worth: accuracy, calibration, and risk against coverage."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo.evaluation.rules import Rules
from demo.evaluation.trials import Trial
from hikari_serve.drawing.captions import NAMES

BINS = 10
"""Bins of equal width of the calibration error, as Guo et al. (2017) count."""


@dataclass(frozen=True)
class Beliefs:
    """What a model believed of pictures whose truth is known.

    Attributes:
        labels: The label ids, in the order of the columns.
        probabilities: (pictures, labels), each row summing to 1.
        truth: (pictures,), the column of each true label.
    """

    labels: tuple[str, ...]
    probabilities: NDArray[np.float64]
    truth: NDArray[np.int64]

    @property
    def confidence(self) -> NDArray[np.float64]:
        """The probability of each picture's most probable label, (pictures,)."""
        return np.asarray(self.probabilities.max(1), np.float64)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether the most probable label is the true one, (pictures,)."""
        return np.asarray(self.probabilities.argmax(1) == self.truth, np.bool_)


def disease_beliefs(trials: Sequence[Trial]) -> Beliefs:
    """What the disease model believed, whether or not it was named."""
    rows = [
        {ranked.label: ranked.probability for ranked in trial.answer.disease.differential}
        for trial in trials
        if trial.answer.disease
    ]
    return _beliefs(rows, [trial.picture.disease for trial in trials])


def group_beliefs(trials: Sequence[Trial]) -> Beliefs:
    """What the group model believed, whether or not it was named."""
    rows = [dict(trial.answer.group.scores) for trial in trials if trial.answer.group]
    return _beliefs(rows, [trial.picture.group for trial in trials])


def group_accuracy(trials: Sequence[Trial]) -> float:
    """Share of the pictures whose true group is named; a withheld one is not."""
    return _share(
        [t.answer.group is not None and t.answer.group.label == t.picture.group for t in trials]
    )


def disease_accuracy(trials: Sequence[Trial]) -> float:
    """Share of the pictures whose true disease is named; a withheld one is not."""
    return _share([named(t) is not None and named(t) == t.picture.disease for t in trials])


def most_probable_accuracy(trials: Sequence[Trial]) -> float:
    """Share of the pictures whose true disease is the most probable, named or withheld."""
    firsts = [(t.answer.disease.differential if t.answer.disease else ())[:1] for t in trials]
    return _share(
        [
            bool(first) and first[0].label == trial.picture.disease
            for first, trial in zip(firsts, trials, strict=True)
        ]
    )


def wrongly_named(trials: Sequence[Trial]) -> float:
    """Share of the pictures for which another disease than the true one is named."""
    return _share([named(t) is not None and named(t) != t.picture.disease for t in trials])


def unknown(trials: Sequence[Trial]) -> float:
    """Share of the pictures whose disease the model does not know."""
    return _share(
        [t.answer.disease is None or t.answer.disease.decision == "unknown" for t in trials]
    )


def withheld(trials: Sequence[Trial], rules: Rules) -> float:
    """Share of the pictures whose disease these rules do not name; see `Rules.name`."""
    return _share([not rules.name(trial) for trial in trials])


def caption_accuracy(trials: Sequence[Trial]) -> float:
    """Share of the captions that name the true disease and no other."""
    hits = []
    for trial in trials:
        text = trial.answer.caption.text if trial.answer.caption else ""
        hits.append(
            [label for label, name in NAMES.items() if name in text] == [trial.picture.disease]
        )
    return _share(hits)


def abstained(trials: Sequence[Trial]) -> float:
    """Share of the pictures for which no disease is named."""
    return _share([named(trial) is None for trial in trials])


def named(trial: Trial) -> str | None:
    """The disease that the answer names."""
    return trial.answer.disease.label if trial.answer.disease else None


def calibration_error(beliefs: Beliefs) -> float:
    """The expected calibration error (ECE) of the most probable label, 0 to 1."""
    total = 0.0
    for inside, confidence, accuracy in reliability(beliefs):
        total += inside * abs(confidence - accuracy)
    return round(total, 4)


def reliability(beliefs: Beliefs) -> list[tuple[float, float, float]]:
    """For each bin that is not empty: share of the pictures, mean confidence, accuracy."""
    confidence, right = beliefs.confidence, beliefs.right
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [
        (float(inside.mean()), float(confidence[inside].mean()), float(right[inside].mean()))
        for inside in (bins == number for number in range(BINS))
        if inside.any()
    ]


def risk_coverage(beliefs: Beliefs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coverage, and the share of errors among the surest pictures that make it up."""
    order = np.argsort(-beliefs.confidence, kind="stable")
    count = np.arange(1, len(order) + 1)
    return count / len(order), np.cumsum(~beliefs.right[order]) / count


def risk_at(beliefs: Beliefs, coverage: float) -> float:
    """The share of errors among the surest `coverage` of the pictures."""
    shares, risks = risk_coverage(beliefs)
    return round(float(risks[int(np.searchsorted(shares, coverage))]), 4)


def confusion(trials: Sequence[Trial], labels: Sequence[str]) -> NDArray[np.int64]:
    """Pictures by true disease and by what was named: (labels, labels + 1), withheld last."""
    columns = {label: column for column, label in enumerate(labels)}
    table = np.zeros((len(labels), len(labels) + 1), np.int64)
    for trial in trials:
        if trial.picture.disease is not None:
            table[columns[trial.picture.disease], columns.get(named(trial) or "", len(labels))] += 1
    return table


def _beliefs(rows: Sequence[dict[str, float]], truth: Sequence[str | None]) -> Beliefs:
    labels = tuple(sorted(rows[0]))
    return Beliefs(
        labels,
        np.asarray([[row[label] for label in labels] for row in rows], np.float64),
        np.asarray([labels.index(label or "") for label in truth], np.int64),
    )


def _share(hits: Sequence[bool]) -> float:
    return round(float(np.mean(hits)), 4)
