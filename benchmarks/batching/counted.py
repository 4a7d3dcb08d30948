"""The engine that both services stand in front of, counting."""

import os
from collections.abc import Sequence

from benchmarks.batching import MAX_BATCH, MODEL
from hikari_serve.engines.contract import Call
from hikari_serve.engines.transformers.backend import MAX_BATCH_TOKENS
from hikari_serve.engines.transformers.engine import TransformersEngine
from hikari_serve.labels.calibration import read_calibration
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import ClassifierConfig
from hikari_serve.settings import Settings
from hikari_serve.stage import Provenance
from hikari_serve.tasks.classifier import Classifier
from hikari_serve.tasks.naming import ByScore


class CountingEngine(TransformersEngine):
    """Counts the items that it computes.

    Attributes:
        computed: Items that came to the engine.
    """

    computed = 0

    async def run(self, calls: Sequence[Call]) -> None:
        self.computed += len(calls)
        await super().run(calls)


def load() -> tuple[Classifier, CountingEngine]:
    """Loads the model with all cores; blocking."""
    repository = Repository.of(Settings.from_environment())
    config = repository.config(MODEL)
    hikari = config.hikari
    assert isinstance(hikari, ClassifierConfig)
    folder = repository.version_folder(MODEL, repository.served_versions(config)[-1])
    engine = CountingEngine.load(
        folder,
        device=hikari.engine.device,
        dtype=hikari.engine.dtype,
        max_batch=MAX_BATCH,
        max_context=hikari.limits.max_context_tokens,
        max_images=hikari.limits.max_images,
        max_work=MAX_BATCH_TOKENS,
        threads=os.cpu_count(),
        thinking=hikari.thinking,
    )
    assert isinstance(engine, CountingEngine)
    provenance = Provenance(
        model=MODEL, version=1, weights="", engine="", dtype="", preprocessing=""
    )
    labels = LabelSet.find(hikari.labels, repository.folder(MODEL))
    naming = ByScore(labels, hikari, engine, read_calibration(folder))
    return Classifier(config, provenance, engine, naming, None), engine
