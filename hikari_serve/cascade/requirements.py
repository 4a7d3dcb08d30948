"""What a cascade needs on this machine before it may start: weights, reference index.

Weights and indexes come from elsewhere for the models that are too large, or not ours, to lie in a
repository. Whoever starts without one of them is told the command that brings it, before anything
is loaded.
"""

from collections.abc import Collection, Sequence

from hikari_serve.cascade.graph import Graph
from hikari_serve.cascade.loads import versions_of
from hikari_serve.errors import ConfigError
from hikari_serve.references.served import index_folder
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import RetrieverConfig
from hikari_serve.repository.weights import missing_weights


def require(
    repository: Repository,
    cascade: str,
    graph: Graph,
    here: Collection[str],
    load: Sequence[str] = (),
) -> None:
    """Returns if everything is here that the stages of this machine run on.

    Args:
        repository: Where the models lie.
        cascade: Name of the cascade.
        graph: Its stages, or those that are asked for.
        here: The stages that run on this machine.
        load: What HIKARI_LOAD says.

    Raises:
        ConfigError: Weights or an index are not here; the message names the command.
    """
    nodes = [node for node in graph.nodes if node.name in here]
    absent = list(
        dict.fromkeys(
            name
            for node in nodes
            for name in missing_weights(
                repository, node.config, versions_of(node, repository, load)
            )
        )
    )
    if absent:
        raise ConfigError(
            f"cascade '{cascade}': the weights of {', '.join(absent)} are not here: "
            f"run `hikari models pull {cascade}`"
        )
    for node in nodes:
        if isinstance(node.config.hikari, RetrieverConfig):
            folder = index_folder(repository, node.config)
            if not folder.is_dir():
                raise ConfigError(
                    f"cascade '{cascade}' compares with reference cases, and model "
                    f"'{node.config.name}' has no index of them yet in {folder}: build one of your "
                    f"own pictures with `hikari index build FOLDER --model {node.config.name}`"
                )
