"""The models of a repository as rows of a table; a broken one is a row that says so."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hikari_serve.errors import HikariError
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig


@dataclass(frozen=True, slots=True)
class Row:
    """A model; what its configuration does not say is None.

    Attributes:
        name: The model.
        task: Its task.
        engine: What runs its weights.
        versions: The versions that its policy serves, oldest first.
        device: Where its weights run.
        verified: How much of the configuration was seen working.
        error: What is wrong with it.
    """

    name: str
    task: str | None = None
    engine: str | None = None
    versions: tuple[int, ...] = ()
    device: str | None = None
    verified: str | None = None
    error: str | None = None


def row(repository: Repository, name: str) -> Row:
    """Reads the row of a model."""
    found = Row(name)
    try:
        config = repository.config(name)
        hikari = config.hikari
        found = replace(found, task=hikari.task, verified=hikari.verified)
        if not isinstance(hikari, CascadeConfig):
            found = replace(found, engine=config.triton.backend, device=hikari.engine.device)
        return replace(found, versions=tuple(repository.served_versions(config)))
    except HikariError as error:
        return replace(found, error=error.message)


def print_table(rows: Sequence[Row]) -> None:
    """Prints the rows to stdout, what is wrong below the model that it is wrong with."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("name", "task", "engine", "versions", "device", "verified"):
        table.add_column(heading, overflow="fold")
    for each in rows:
        versions = ", ".join(map(str, each.versions))
        cells = (each.name, each.task, each.engine, versions, each.device, each.verified)
        table.add_row(*(Text(cell or "-") for cell in cells), style="red" if each.error else "")
    console = Console()
    console.print(table)
    for each in rows:
        if each.error:
            console.print(Text(f"{each.name} is broken: {each.error}", "red"), soft_wrap=True)
