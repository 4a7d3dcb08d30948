"""What a deployment says of the engines that the repository cannot know: device, turns, shares.

The file that HIKARI_PLAN names; `hikari models plan --write` writes one. What it says of a model
comes over the model's own configuration, so that another card edits one file and no model.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from hikari_serve.errors import ConfigError
from hikari_serve.hints import hint
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.schema import CascadeConfig
from hikari_serve.yaml_file import read_model


class EngineShare(BaseModel):
    """What is said of one model's engine; what is left out stays as the model has it.

    Attributes:
        device: Where it computes.
        turns: Whether it shares its device by turns.
        parameters: The engine's own settings, laid over the model's one by one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: str | None = Field(None, pattern=r"^(cpu|mps|cuda(:\d+)?)$")
    turns: bool | None = None
    parameters: Mapping[str, Any] = {}


class Deployment(BaseModel):
    """What is said of all of them.

    Attributes:
        engines: By the model's name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    engines: Mapping[str, EngineShare] = {}


def read_deployment(file: Path) -> Deployment:
    """What a deployment's file says.

    Raises:
        ConfigError: The file is missing or wrong.
    """
    needed = "HIKARI_PLAN names it; `hikari models plan CASCADE --write` writes one"
    return read_model(file, Deployment, needed=needed, whole="the file")


def deployed(config: ModelConfig, file: Path, names: Iterable[str]) -> ModelConfig:
    """A model's configuration as a deployment has it.

    Args:
        config: The model's own.
        file: What the deployment says.
        names: Every model of the repository.

    Raises:
        ConfigError: The file is missing or wrong, or says something of what has no engine.
    """
    engines = read_deployment(file).engines
    for each in sorted(set(engines) - set(names)):
        raise ConfigError(f"{file}: engines.{each} is no model; {hint(each, names)}")
    if config.name not in engines:
        return config
    hikari, share = config.hikari, engines[config.name]
    if isinstance(hikari, CascadeConfig):
        raise ConfigError(f"{file}: engines.{config.name} is a cascade, which has no engine")
    said = share.model_dump(exclude_none=True, exclude={"parameters"})
    parameters = {**hikari.engine.parameters, **share.parameters}
    engine = hikari.engine.model_copy(update={**said, "parameters": parameters})
    return replace(config, hikari=hikari.model_copy(update={"engine": engine}))
