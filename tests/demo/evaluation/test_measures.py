import numpy as np
import pytest

from demo.evaluation.measures import (
    Beliefs,
    calibration_error,
    reliability,
    risk_at,
    risk_coverage,
)


def beliefs(*rows: tuple[float, bool]) -> Beliefs:
    """Two labels; each row says how sure the first is, and whether it is the true one."""
    sure = np.asarray([row[0] for row in rows])
    truth = np.asarray([0 if row[1] else 1 for row in rows])
    return Beliefs(("a", "b"), np.stack([sure, 1 - sure], 1), truth)


def test_being_as_sure_as_right_is_no_error() -> None:
    assert calibration_error(beliefs(*[(0.75, True)] * 3, (0.75, False))) == 0


def test_the_error_is_the_distance_of_confidence_and_accuracy_in_each_bin() -> None:
    believed = beliefs((0.95, True), (0.95, False), (0.65, True), (0.65, True))
    assert reliability(believed) == [
        pytest.approx((0.5, 0.65, 1.0)),
        pytest.approx((0.5, 0.95, 0.5)),
    ]
    assert calibration_error(believed) == pytest.approx(0.5 * 0.35 + 0.5 * 0.45)


def test_risk_is_counted_among_the_surest() -> None:
    believed = beliefs((0.6, False), (0.9, True), (0.8, False), (0.7, True))
    coverage, risk = risk_coverage(believed)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1]
    assert risk.tolist() == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert risk_at(believed, 0.5) == 0.5
    assert risk_at(believed, 1) == 0.5
