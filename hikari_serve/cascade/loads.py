"""Which versions of a cascade's models are loaded at start: policies, pins, and HIKARI_LOAD."""

from collections.abc import Iterable, Sequence

from hikari_serve.cascade.graph import Graph, Node
from hikari_serve.errors import ConfigError
from hikari_serve.hints import hint
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.repository import Repository


def versions_of(node: Node, repository: Repository, load: Iterable[str] = ()) -> list[int]:
    """The versions of a stage's model to load, oldest first.

    Those that `load` names, else the one that the cascade pins, else those that the model's policy
    chooses; what the cascade pins is always among them.

    Args:
        node: The stage.
        repository: Where the model lies.
        load: What HIKARI_LOAD says, such as `demo_group/2`.

    Raises:
        ConfigError: The model's versions are wrong.
    """
    return chosen(node.config, [node.version], repository, load)


def chosen(
    config: ModelConfig,
    pins: Iterable[int | None],
    repository: Repository,
    load: Iterable[str] = (),
) -> list[int]:
    """The same of a model, whatever stages run it.

    Args:
        config: The model.
        pins: The versions that stages pin; None pins none.
        repository: Where it lies.
        load: What HIKARI_LOAD says.

    Raises:
        ConfigError: The model's versions are wrong.
    """
    pinned = [pin for pin in pins if pin is not None]
    named = [int(version) for name, version in map(_parts, load) if name == config.name]
    return sorted({*pinned, *named}) or repository.served_versions(config)


def check_loads(load: Sequence[str], graph: Graph, repository: Repository) -> None:
    """Returns if HIKARI_LOAD names versions that are there, of models that the cascade runs.

    Raises:
        ConfigError: It does not; the message names the nearest.
    """
    models = {node.config.name: node.config for node in graph.nodes}
    for each in load:
        name, version = _parts(each)
        if not version.isdecimal():
            raise ConfigError(
                f"HIKARI_LOAD: '{each}' is no version of a model, such as {min(models)}/1"
            )
        if name not in models:
            near = hint(name, models, quote="'")
            raise ConfigError(f"HIKARI_LOAD: the cascade has no model '{name}'; {near}")
        there = repository.versions(name) or repository.served_versions(models[name])
        if int(version) not in there:
            listed = ", ".join(map(str, there))
            raise ConfigError(f"HIKARI_LOAD: model '{name}' has no version {version}, but {listed}")


def _parts(load: str) -> tuple[str, str]:
    name, _, version = load.partition("/")
    return name, version
