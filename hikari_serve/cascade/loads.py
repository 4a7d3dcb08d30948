"""What is loaded at start: which cascades, and which versions of their models.

Policies and pins say so in the repository, HIKARI_LOAD for a server.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hikari_serve.cascade.graph import Graph, Node
from hikari_serve.cascade.wiring import read_graph
from hikari_serve.errors import ConfigError
from hikari_serve.hints import hint
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig


@dataclass(frozen=True, slots=True)
class LoadedCascade:
    """A cascade as it was read when it was loaded.

    Attributes:
        config: Its configuration.
        graph: Its stages.
    """

    config: ModelConfig
    graph: Graph

    @classmethod
    def read(cls, name: str, repository: Repository) -> "LoadedCascade":
        """Reads a cascade.

        Raises:
            ConfigError: It is wrong, or no cascade.
            NotFound: There is no such model.
        """
        config = repository.config(name)
        return cls(config, read_graph(config, repository))


def read_cascades(
    cascade: str, load: Sequence[str], repository: Repository
) -> dict[str, LoadedCascade]:
    """The cascades that are served from the start, by name.

    Args:
        cascade: The one that `/diagnose` runs, which comes first.
        load: What HIKARI_LOAD says: cascades, and versions such as `demo_group/2`.
        repository: Where they lie.

    Raises:
        ConfigError: One of them is wrong, or a version is not there; the message names the nearest.
        NotFound: There is no such cascade.
    """
    found = {cascade: LoadedCascade.read(cascade, repository)}
    for each in load:
        if "/" in each:
            continue
        if not isinstance(repository.config(each).hikari, CascadeConfig):
            raise ConfigError(
                f"HIKARI_LOAD: '{each}' is no cascade; a version of a model is written {each}/1"
            )
        found[each] = LoadedCascade.read(each, repository)
    nodes = [node for its in found.values() for node in its.graph.nodes]
    _check_versions(load, {node.config.name: node.config for node in nodes}, repository)
    return found


def stages_of(cascades: Mapping[str, LoadedCascade]) -> list[str]:
    """The names of all their stages; stages of one name are one, with the models of all."""
    return list(dict.fromkeys(stage for its in cascades.values() for stage in its.graph.steps))


def versions_by_model(
    stage: str, graphs: Iterable[Graph], repository: Repository, load: Sequence[str] = ()
) -> dict[str, list[int]]:
    """The versions to load of each model that a stage hosts.

    Args:
        stage: The stage.
        graphs: The cascades that may have it.
        repository: Where the models lie.
        load: What HIKARI_LOAD says.

    Raises:
        ConfigError: A model's versions are wrong.
    """
    found: dict[str, set[int]] = {}
    for graph in graphs:
        for node in graph.nodes:
            if node.name == stage:
                its = found.setdefault(node.config.name, set())
                its.update(versions_of(node, repository, load))
    return {model: sorted(versions) for model, versions in found.items()}


def versions_of(node: Node, repository: Repository, load: Iterable[str] = ()) -> list[int]:
    """The versions of a stage's model to load, oldest first.

    Those that `load` names, else the one that the cascade pins, else those that the model's policy
    chooses; what the cascade pins is always among them.

    Args:
        node: The stage.
        repository: Where the model lies.
        load: What HIKARI_LOAD says.

    Raises:
        ConfigError: The model's versions are wrong.
    """
    pinned = [] if node.version is None else [node.version]
    named = [int(version) for name, version in map(_parts, load) if name == node.config.name]
    return sorted({*pinned, *named}) or repository.served_versions(node.config)


def _check_versions(
    load: Sequence[str], models: Mapping[str, ModelConfig], repository: Repository
) -> None:
    for each in load:
        if "/" not in each:
            continue
        name, version = _parts(each)
        if name not in models:
            near = hint(name, models, quote="'")
            raise ConfigError(f"HIKARI_LOAD: no cascade that is served has '{name}'; {near}")
        there = repository.versions(models[name])
        if not version.isdecimal() or int(version) not in there:
            listed = ", ".join(map(str, there))
            raise ConfigError(f"HIKARI_LOAD: model '{name}' has no version {version}, but {listed}")


def _parts(load: str) -> tuple[str, str]:
    name, _, version = load.partition("/")
    return name, version
