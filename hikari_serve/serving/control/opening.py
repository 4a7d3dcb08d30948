"""The file that the workers of one server follow, as each of its processes opens it."""

from collections.abc import Mapping

from hikari_serve.cascade.loads import LoadedCascade, stages_of, versions_by_model
from hikari_serve.repository.repository import Repository
from hikari_serve.serving.control.desired import DesiredFile
from hikari_serve.serving.control.keeper import first
from hikari_serve.serving.inherited import control_folder
from hikari_serve.settings import Settings


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
    repository, graphs = Repository.of(settings), [each.graph for each in cascades.values()]
    file = DesiredFile(control_folder())
    needed = {
        stage: versions_by_model(stage, graphs, repository, settings.load)
        for stage in stages_of(cascades)
    }
    file.begin(first(cascades, needed))
    return file
