"""`hikari models pull`: which models a name stands for, and the progress of a pull."""

import re
from collections.abc import Sequence

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from hikari_serve.cascade.wiring import read_graph
from hikari_serve.errors import ConfigError
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.pulling import Outcome, pull
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig, RetrieverConfig
from hikari_serve.repository.weights import base_of

_COMMIT = re.compile(r"[0-9a-f]{40}")


def members(repository: Repository, names: Sequence[str]) -> list[str]:
    """The models whose weights the names need: cascades by their models, adapters with their base.

    Raises:
        ConfigError: A configuration is wrong.
        NotFound: There is no such model.
    """
    found: list[str] = []
    for name in names:
        config = repository.config(name)
        if isinstance(config.hikari, CascadeConfig):
            models = [node.config for node in read_graph(config, repository).nodes]
        else:
            models = [config]
        for model in models:
            base = base_of(repository, model)
            found += [model.name, *([base.name] if base else [])]
    return list(dict.fromkeys(found))


def check_pinned(config: ModelConfig) -> None:
    """Returns if every source of the model names a commit, so that each pull brings the same.

    Raises:
        ConfigError: One names none, or a branch or tag, which may be another commit tomorrow.
    """
    hikari = config.hikari
    if isinstance(hikari, CascadeConfig):
        return
    sources = {"hikari.source": hikari.source}
    if isinstance(hikari, RetrieverConfig) and hikari.text is not None:
        sources["hikari.text.source"] = hikari.text.source
    for field, source in sources.items():
        if source and source.hub and not _COMMIT.fullmatch(source.revision or ""):
            raise ConfigError(
                f"model '{config.name}': {field}.revision is {source.revision or 'not there'}, but "
                f"must be a commit of {source.hub}: 40 hexadecimal digits"
            )


def pull_shown(repository: Repository, name: str) -> Outcome:
    """Pulls one model under a progress bar, which people alone see.

    Raises:
        HikariError: As `pull`.
    """
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_interactive,
        transient=True,
    ) as bar:
        task = bar.add_task(name, total=None)

        def show(doing: str, done: int, total: int) -> None:
            bar.update(task, description=f"{name}, {doing}", completed=done, total=total)

        return pull(repository, name, show)
