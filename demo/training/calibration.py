"""Fits the temperature of the demo family's classifiers, on mixed drawings of their own seed."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from demo.evaluation.measures import Beliefs, disease_beliefs, group_beliefs
from demo.evaluation.trials import Trial, ask, drawn
from hikari_serve.drawing.cases import draw_cases
from hikari_serve.inline import open_cascade
from hikari_serve.labels.calibration import CALIBRATION_FILE, Calibration, fit_temperature
from hikari_serve.settings import Settings

PICTURES = 600
SEED_OFFSET = 2000
"""Keeps these drawings apart from those of training, judgement and the casebook."""

BELIEFS: dict[str, Callable[[list[Trial]], Beliefs]] = {
    "demo_group": group_beliefs,
    "demo_disease": disease_beliefs,
}


def calibrate(models: Path, seed: int, count: int = PICTURES) -> dict[str, float]:
    """Fits each classifier's temperature in the whole cascade, and writes it beside the weights.

    Args:
        models: A repository with the trained family in it.
        seed: The family's seed.
        count: How many drawings to fit on.

    Returns:
        The temperature by model.
    """
    files = {name: models / name / "1" / CALIBRATION_FILE for name in BELIEFS}
    for file in files.values():
        file.unlink(missing_ok=True)
    trials = asyncio.run(_trials(models, seed + SEED_OFFSET, count))
    fitted: dict[str, float] = {}
    for name, beliefs_of in BELIEFS.items():
        beliefs = beliefs_of(trials)
        fitted[name] = fit_temperature(beliefs.probabilities, beliefs.truth)
        source = f"mixed drawings of seed {seed + SEED_OFFSET}"
        calibration = Calibration(temperature=fitted[name], pictures=count, source=source)
        files[name].write_text(calibration.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return fitted


async def _trials(models: Path, seed: int, count: int) -> list[Trial]:
    settings = Settings.from_environment({"HIKARI_MODELS": str(models)})
    pictures = drawn(draw_cases(count, seed, "mixed"))
    async with open_cascade(settings, until="disease") as cascade:
        return await ask(cascade, pictures, lambda: None, until="disease")
