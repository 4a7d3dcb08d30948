"""A model's temperature: softens its probabilities until they mean what they say.

Temperature scaling after Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017): one
number for a model, fitted on pictures that it was not trained on. It never changes which label is
the most probable, and it leaves `label_mass` alone.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hikari_serve.errors import ConfigError

CALIBRATION_FILE = "calibration.json"
"""Lies beside the weights that it was fitted to."""

TEMPERATURES = np.geomspace(0.2, 10, 400)
"""What is tried; the negative log-likelihood has one minimum over them."""

SMALLEST = 1e-12
"""Stands for a probability that was rounded to zero."""


class Calibration(BaseModel):
    """How a version's probabilities are calibrated.

    Attributes:
        temperature: Log-probabilities are divided by it; 1 changes nothing, more is less sure.
        pictures: How many it was fitted on.
        source: Which those were.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float = Field(gt=0)
    pictures: int = Field(ge=1)
    source: str

    def apply(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Tempers distributions over labels, (..., labels), each of which sums to 1."""
        logits = np.log(np.maximum(probabilities, SMALLEST)) / self.temperature
        weights = np.exp(logits - logits.max(-1, keepdims=True))
        return np.asarray(weights / weights.sum(-1, keepdims=True), np.float64)


def read_calibration(folder: Path) -> Calibration | None:
    """The calibration of the version in `folder`; None if it has none.

    Raises:
        ConfigError: The file is not a calibration.
    """
    path = folder / CALIBRATION_FILE
    if not path.exists():
        return None
    try:
        return Calibration.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ConfigError(f"{path}: {where}: {first['msg']}") from None


def fit_temperature(probabilities: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """The temperature under which the truth is most likely.

    Args:
        probabilities: (pictures, labels), each row summing to 1, not calibrated.
        truth: (pictures,), the index of each picture's true label.
    """
    rows = np.arange(len(truth))
    losses = []
    for temperature in TEMPERATURES:
        tried = Calibration(temperature=float(temperature), pictures=len(truth), source="")
        losses.append(-np.log(tried.apply(probabilities)[rows, truth] + SMALLEST).mean())
    return round(float(TEMPERATURES[int(np.argmin(losses))]), 4)
