"""The models of a repository as rows of a table; a broken one is a row that says so."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich import box, filesize
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hikari_serve.errors import HikariError
from hikari_serve.repository.record import read_record
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig
from hikari_serve.repository.weights import base_of, former_source, weights_folder

COLUMNS = (
    "name", "kind", "engine", "versions", "device", "verified", "size", "source", "revision",
)  # fmt: skip
WIDE = 300
"""Columns of text where nobody's terminal limits them."""


@dataclass(frozen=True, slots=True)
class Row:
    """A model; what its configuration does not say is None.

    Attributes:
        name: The model.
        kind: Its kind.
        engine: What runs its weights.
        versions: The versions that its policy serves, oldest first.
        device: Where its weights run.
        verified: How much of the configuration was seen working.
        source: Where the weights come from when the repository does not hold them.
        revision: The pinned one; None is not pinned.
        pulled: The hub's commit that was pulled.
        base: The model that its weights are an adapter of.
        bytes: Size of the weights on this machine; None if they are not here.
        error: What is wrong with it.
    """

    name: str
    kind: str | None = None
    engine: str | None = None
    versions: tuple[int, ...] = ()
    device: str | None = None
    verified: str | None = None
    source: str | None = None
    revision: str | None = None
    pulled: str | None = None
    base: str | None = None
    bytes: int | None = None
    error: str | None = None


def row(repository: Repository, name: str) -> Row:
    """Reads the row of a model."""
    found = Row(name)
    try:
        config = repository.config(name)
        hikari = config.hikari
        found = replace(found, kind=hikari.kind, verified=hikari.verified)
        if isinstance(hikari, CascadeConfig):
            return replace(found, versions=tuple(repository.served_versions(config)))
        found = replace(found, engine=config.triton.backend, device=hikari.engine.device)
        if hikari.source is not None:
            place = hikari.source.hub or str(hikari.source.folder)
            found = replace(found, source=place, revision=hikari.source.revision)
        base = base_of(repository, config)
        found = replace(found, base=base.name if base else None)
        versions = repository.served_versions(config)
        found = replace(found, versions=tuple(versions))
        if former_source(repository, config, versions[-1]):
            return found
        folder = weights_folder(repository, config, versions[-1])
        record = read_record(folder)
        return replace(
            found,
            pulled=record.commit if record else None,
            bytes=_size(folder),
        )
    except HikariError as error:
        return replace(found, error=error.message)


def print_table(rows: Sequence[Row]) -> None:
    """Prints the rows to stdout, what is wrong below the model that it is wrong with."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in COLUMNS:
        table.add_column(heading, overflow="fold")
    for each in rows:
        table.add_row(*map(Text, _cells(each)), style="red" if each.error else "")
    console = Console()
    if not console.is_terminal:
        console.width = WIDE  # for grep and the like, a model is a line
    console.print(table)
    for each in rows:
        if each.error:
            console.print(Text(f"{each.name} is broken: {each.error}", "red"), soft_wrap=True)


def _cells(each: Row) -> list[str]:
    revision = each.revision or (each.source and "not pinned")
    if each.pulled and each.pulled != each.revision:
        revision = f"{revision}, pulled {each.pulled[:7]}"
    size = filesize.decimal(each.bytes) if each.bytes else each.source and "not here"
    versions = ", ".join(map(str, each.versions))
    cells = (
        each.name, each.kind, each.engine, versions, each.device, each.verified, size,
        each.source, revision,
    )  # fmt: skip
    return [cell or "-" for cell in cells]


def _size(folder: Path) -> int | None:
    """Bytes of the files in a folder, without those of folders inside it."""
    if not folder.is_dir():
        return None
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) or None
