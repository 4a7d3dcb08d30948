"""Trains the demo family from one seed: `python -m demo.training`."""

import argparse
import logging
import shutil
from pathlib import Path

import torch
from transformers.utils import logging as transformers_logging

from demo.training.calibration import calibrate
from demo.training.casebook import build_casebook
from demo.training.family import Family
from demo.training.plan import Plan


def main() -> None:
    """Reads the command line, trains all four models, builds the index and calibrates.

    An hour to an hour and a half on two cores.
    """
    parser = argparse.ArgumentParser(description="Train the demo family from one seed.")
    parser.add_argument("--models", type=Path, default=Path("models"), help="the configuration")
    parser.add_argument("--out", type=Path, help="where the weights go; default: --models")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps-scale", type=float, default=1.0, help="0.01 for a quick try")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(asked.threads)
    plan = Plan().scaled(asked.steps_scale)
    out = asked.out or asked.models
    family = Family(asked.models, out, asked.seed, plan)
    family.train()
    if out != asked.models:
        weights = shutil.ignore_patterns("1")
        shutil.copytree(asked.models, out, ignore=weights, dirs_exist_ok=True)
    build_casebook(asked.models, out, asked.seed)
    temperatures = calibrate(out, asked.seed)
    logging.getLogger(__name__).info("temperatures: %s", temperatures)


if __name__ == "__main__":
    main()
