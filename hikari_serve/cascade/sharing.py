"""Whether the engines of one machine can share its GPUs as they are configured.

vLLM takes its share of a card when it starts, and one that finds too little of it does not start:
after minutes, and in the log of another process.
"""

from collections.abc import Collection, Iterable, Mapping

from hikari_serve.cascade.loads import LoadedCascade, versions_by_model
from hikari_serve.errors import ConfigError
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.engine_numbers import above_zero
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig
from hikari_serve.settings import Settings

DEFAULT_SHARE = 0.92
"""What vLLM 0.32 takes of a card unless `gpu_memory_utilization` says otherwise."""


def engines_of(
    cascades: Mapping[str, LoadedCascade],
    here: Collection[str],
    repository: Repository,
    settings: Settings,
) -> list[ModelConfig]:
    """The models of some stages, each as often as an engine is opened for it.

    Args:
        cascades: All that are served.
        here: The stages.
        repository: Where the models lie.
        settings: Say which versions are loaded, and in how many processes.

    Raises:
        ConfigError: A model's versions are wrong.
    """
    graphs = [each.graph for each in cascades.values()]
    models = {node.config.name: node.config for graph in graphs for node in graph.nodes}
    return [
        models[name]
        for stage in here
        for name, versions in versions_by_model(stage, graphs, repository, settings.load).items()
        for _ in range(len(versions) * settings.processes(stage))
    ]


def check_shares(cascade: str, engines: Iterable[ModelConfig]) -> None:
    """Returns if the vLLM engines of each GPU fit beside each other, one of those that take turns.

    Args:
        cascade: Name of the cascade.
        engines: The models that run on this machine, each as often as it does.

    Raises:
        ConfigError: They do not; the message names the command that shares the card.
    """
    sharing: dict[str, tuple[list[ModelConfig], list[ModelConfig]]] = {}
    for model in engines:
        hikari = model.hikari
        if isinstance(hikari, CascadeConfig) or model.triton.backend != "vllm":
            continue
        engine = hikari.engine
        if engine.device.startswith("cuda"):
            device = "cuda:0" if engine.device == "cuda" else engine.device
            sharing.setdefault(device, ([], []))[engine.turns].append(model)
    for device, (staying, turning) in sharing.items():
        awake = [*staying, max(turning, key=_share)] if turning else staying
        if len(awake) > 1 and (whole := sum(map(_share, awake))) > 1:
            names = " and ".join(each.name for each in awake)
            raise ConfigError(
                f"cascade '{cascade}': {names} would take {whole:.2f} times the memory of "
                f"{device}: run `hikari models plan {cascade} --write plan.yaml`, and set "
                "HIKARI_PLAN=plan.yaml; it plans one engine of each model of one cascade: where "
                "there are more, write the shares by hand"
            )


def _share(model: ModelConfig) -> float:
    assert not isinstance(model.hikari, CascadeConfig)
    try:
        parameters = model.hikari.engine.parameters
        return above_zero(parameters, "gpu_memory_utilization", DEFAULT_SHARE)
    except ConfigError as error:
        raise ConfigError(f"model '{model.name}': {error.message}") from error
