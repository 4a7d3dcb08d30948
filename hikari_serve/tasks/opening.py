"""What an engine is opened with, from a model's configuration: for serving it and for planning."""

from pathlib import Path

from hikari_serve.engines.contract import Opening
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.schema import ClassifierConfig, DescriberConfig


def opening_of(
    config: ModelConfig, folder: Path, *, adapter: Path | None = None, cores: int = 1
) -> Opening:
    """The opening of a vision-language model.

    Args:
        config: Its configuration.
        folder: Its weights, or those that it is an adapter of.
        adapter: The adapter.
        cores: Cores to compute on.
    """
    hikari = config.hikari
    assert isinstance(hikari, ClassifierConfig | DescriberConfig)
    return Opening(
        model=config.name,
        folder=folder,
        adapter=adapter,
        device=hikari.engine.device,
        dtype=hikari.engine.dtype,
        parameters=hikari.engine.parameters,
        max_batch=config.triton.max_batch_size,
        max_context=hikari.limits.max_context_tokens,
        max_new_tokens=hikari.limits.max_new_tokens,
        max_images=hikari.limits.max_images,
        max_side=hikari.preprocessing.max_side,
        scores=hikari.decoding == "score",
        threads=cores,
        thinking=hikari.thinking,
        turns=hikari.engine.turns,
    )
