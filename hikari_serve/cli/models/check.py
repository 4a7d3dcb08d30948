"""The checks of `hikari models check`: everything that would otherwise fail when it is served."""

import asyncio
import time
from collections.abc import Sequence

from hikari_serve.cascade.wiring import read_graph
from hikari_serve.cli.terminal import hush_transformers
from hikari_serve.engines.registry import check_engine
from hikari_serve.errors import ConfigError, HikariError
from hikari_serve.labels.label_set import SHIPPED, LabelSet
from hikari_serve.references.served import find_served_index
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig, ClassifierConfig, RetrieverConfig
from hikari_serve.repository.tensors import check_scores
from hikari_serve.repository.weights import base_of, missing_weights
from hikari_serve.settings import Settings, available_cores
from hikari_serve.tasks.host import Host


def with_members(repository: Repository, names: Sequence[str]) -> list[str]:
    """The names, each cascade followed by the models that it runs."""
    found: list[str] = []
    for name in names:
        found.append(name)
        try:
            config = repository.config(name)
            if isinstance(config.hikari, CascadeConfig):
                found += [node.config.name for node in read_graph(config, repository).nodes]
        except HikariError:
            continue  # its own check says what is wrong
    return list(dict.fromkeys(found))


def check(repository: Repository, name: str, *, load: Settings | None) -> str:
    """Checks one model.

    Args:
        repository: Where it lies.
        name: The model.
        load: How to load its weights; None does not load them.

    Returns:
        What was found, in words.

    Raises:
        HikariError: What is wrong, in one sentence.
    """
    config = repository.config(name)
    if isinstance(config.hikari, CascadeConfig):
        nodes = read_graph(config, repository).nodes
        return f"cascade of {', '.join(node.name for node in nodes)}"
    check_engine(name, config.triton.backend, config.hikari.engine.parameters)
    found: list[str] = [config.hikari.kind]
    if base := base_of(repository, config):
        found.append(f"adapter of {base.name}")
    found += [f"version {version}" for version in repository.served_versions(config)]
    if isinstance(config.hikari, ClassifierConfig):
        labels = LabelSet.find(config.hikari.labels, repository.folder(name))
        _check_known(config.hikari, labels)
        check_scores(config.triton, len(labels.labels))
        found.append(f"{len(labels.labels)} labels")
    source = name if isinstance(config.hikari, RetrieverConfig) else None
    if isinstance(config.hikari, ClassifierConfig):
        source = config.hikari.index
    if source is not None:
        index = find_served_index(repository, source)
        found.append(f"index of {len(index)} cases" if index else "no index built yet")
        if index:
            index.close()
    if absent := missing_weights(repository, config):
        found.append(f"weights of {' and '.join(absent)} not pulled")
    if load is not None:
        found.append(asyncio.run(_load(repository, name, load)))
    return ", ".join(found)


def _check_known(hikari: ClassifierConfig, labels: LabelSet) -> None:
    """What is known of a model is known by ids of labels, or nobody will find it."""
    sets = [labels, *map(LabelSet.shipped, SHIPPED)]  # another of them may be chosen
    ids = {label.id for each in sets for label in each.labels}
    said = {label for metric in hikari.known.metrics for label in metric.by_label}
    if unknown := (said | set(hikari.known.limitations)) - ids - {"general"}:
        raise ConfigError(f"hikari.known: '{min(unknown)}' is a label of no set")


async def _load(repository: Repository, name: str, settings: Settings) -> str:
    hush_transformers()
    cores = settings.threads or available_cores()
    host = Host(repository, cores=cores, locks=settings.locks)
    began = time.monotonic()
    try:
        await host.load(name)
    finally:
        await host.close()
    return f"loaded and warmed up in {time.monotonic() - began:.1f} s"
