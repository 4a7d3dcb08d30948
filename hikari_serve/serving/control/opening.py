"""The file that the workers of one server follow, as each of its processes opens it."""

from hikari_serve.cascade.graph import Graph
from hikari_serve.cascade.loads import versions_of
from hikari_serve.repository.repository import Repository
from hikari_serve.serving.bento import control_folder
from hikari_serve.serving.control.desired import DesiredFile
from hikari_serve.serving.control.keeper import first
from hikari_serve.settings import Settings


def followed(settings: Settings, graph: Graph) -> DesiredFile | None:
    """The file, begun by the first process that opens it; None where models stay as they are.

    Args:
        settings: Whether models may come and go.
        graph: The stages of the served cascade.

    Raises:
        ConfigError: A model's versions are wrong.
    """
    if settings.model_control == "none":
        return None
    repository = Repository.of(settings)
    file = DesiredFile(control_folder())
    file.begin(
        first(
            {
                node.name: {node.config.name: versions_of(node, repository, settings.load)}
                for node in graph.nodes
            }
        )
    )
    return file
