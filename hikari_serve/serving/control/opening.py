"""The file that the workers of one server follow, as each of its processes opens it."""

from collections.abc import Iterable, Mapping

from hikari_serve.cascade.loads import LoadedCascade, stages_of, versions_by_model
from hikari_serve.repository.repository import Repository
from hikari_serve.serving.control.desired import FIRST, Desired, DesiredFile, Models
from hikari_serve.serving.control.keeper import Keeper
from hikari_serve.serving.inherited import control_folder
from hikari_serve.settings import Settings
from hikari_serve.tasks.host import Host


def followed(settings: Settings, cascades: Mapping[str, LoadedCascade]) -> DesiredFile | None:
    """The file, begun by the first process that opens it; None where models stay as they are.

    Args:
        settings: Whether models may come and go.
        cascades: Those that are served from the start.

    Raises:
        ConfigError: A model's versions are wrong.
    """
    if settings.model_control == "none":
        return None
    file = DesiredFile(control_folder())
    needed = {stage: _needed(stage, settings, cascades) for stage in stages_of(cascades)}
    file.begin(first(cascades, needed))
    return file


def keeper_of(
    stage: str,
    host: Host,
    settings: Settings,
    cascades: Mapping[str, LoadedCascade],
    file: DesiredFile | None,
) -> Keeper:
    """Who keeps the host of a stage.

    Args:
        stage: The stage.
        host: Its host, with nothing in it.
        settings: Say which versions are loaded at start.
        cascades: Those that are served from the start.
        file: What `followed` gave.

    Raises:
        ConfigError: A model's versions are wrong.
    """
    models = file.read().stages[stage] if file else _first(_needed(stage, settings, cascades))
    return Keeper(stage, host, models, file)


def first(cascades: Iterable[str], stages: Mapping[str, Mapping[str, Iterable[int]]]) -> Desired:
    """What is loaded at start, as the file says it.

    Args:
        cascades: Their names.
        stages: For each stage the versions of its models.
    """
    return Desired(
        cascades=dict.fromkeys(cascades, FIRST),
        stages={stage: _first(models) for stage, models in stages.items()},
    )


def _first(models: Mapping[str, Iterable[int]]) -> Models:
    return {model: dict.fromkeys(versions, FIRST) for model, versions in models.items()}


def _needed(
    stage: str, settings: Settings, cascades: Mapping[str, LoadedCascade]
) -> Mapping[str, Iterable[int]]:
    graphs = [each.graph for each in cascades.values()]
    return versions_by_model(stage, graphs, Repository.of(settings), settings.load)
