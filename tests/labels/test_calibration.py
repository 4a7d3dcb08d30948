import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hikari_serve.errors import ConfigError
from hikari_serve.labels.calibration import (
    CALIBRATION_FILE,
    Calibration,
    fit_temperature,
    read_calibration,
)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    probabilities: NDArray[np.float64] = weights / weights.sum(-1, keepdims=True)
    return probabilities


def test_the_temperature_that_made_probabilities_too_sure_is_found() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (20_000, 5))
    truth = np.asarray([rng.choice(5, p=row) for row in softmax(logits)])
    assert fit_temperature(softmax(2.5 * logits), truth) == pytest.approx(2.5, rel=0.03)


def test_tempering_softens_and_keeps_the_order() -> None:
    sharp = np.asarray([0.9, 0.07, 0.03])
    soft = Calibration(temperature=2, pictures=1, source="").apply(sharp)
    assert soft.sum() == pytest.approx(1)
    assert list(np.argsort(soft)) == list(np.argsort(sharp))
    assert sharp[0] > soft[0] > 1 / 3
    same = Calibration(temperature=1, pictures=1, source="").apply(sharp)
    assert same == pytest.approx(sharp)


def test_a_probability_of_zero_stays_a_number() -> None:
    soft = Calibration(temperature=3, pictures=1, source="").apply(np.asarray([1.0, 0.0]))
    assert np.isfinite(soft).all()


def test_a_version_without_the_file_is_not_calibrated(tmp_path: Path) -> None:
    assert read_calibration(tmp_path) is None


def test_a_wrong_file_is_named_with_its_field(tmp_path: Path) -> None:
    file = tmp_path / CALIBRATION_FILE
    file.write_text(json.dumps({"temperature": -1, "pictures": 5, "source": "drawings"}))
    with pytest.raises(ConfigError, match=r"calibration\.json: temperature: .*greater than 0"):
        read_calibration(tmp_path)
