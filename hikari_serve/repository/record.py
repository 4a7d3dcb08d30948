"""What a pull brought: written beside the weights, read for their digest and their provenance."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from hikari_serve.errors import ConfigError

RECORD_FILE = "pulled.json"
"""Lies beside pulled weights and is no part of their digest."""


class PulledFile(BaseModel):
    """One file of a pull, as the hub described it and as it was laid down.

    Attributes:
        size: In bytes.
        sha256: Of its content, hexadecimal.
        mtime_ns: When it was laid down: a file that was touched since is hashed again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int
    sha256: str
    mtime_ns: int


class Pulled(BaseModel):
    """The record of a pull.

    Attributes:
        hub: The hub's repository.
        commit: The commit that was copied, whatever revision was asked for.
        files: Every file by its path in the folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hub: str
    commit: str
    files: Mapping[str, PulledFile]


def read_record(folder: Path) -> Pulled | None:
    """What a pull recorded of the weights in `folder`; None if no pull brought them.

    Raises:
        ConfigError: The file is no such record.
    """
    path = folder / RECORD_FILE
    try:
        return Pulled.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ConfigError(f"{path}: {where}: {first['msg']}") from None
