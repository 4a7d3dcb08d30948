"""The index of a reference model, as every reader of the repository finds it."""

from pathlib import Path

from hikari_serve.errors import ConfigError
from hikari_serve.references.index import ReferenceIndex
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig, ReferencesConfig


def index_folder(repository: Repository, config: ModelConfig) -> Path:
    """Where the index of the newest served version of a reference model lies, or is expected.

    Raises:
        ConfigError: The model is none of the task `references`.
    """
    if not isinstance(config.hikari, ReferencesConfig):
        raise ConfigError(f"index: '{config.name}' is no model of the task `references`")
    newest = repository.served_versions(config)[-1]
    return repository.version_folder(config.name, newest) / config.hikari.index


def open_served_index(repository: Repository, name: str) -> ReferenceIndex:
    """Opens the index of the newest served version of a reference model.

    Raises:
        ConfigError: The model is none of the task `references`, or its index is missing or wrong.
        NotFound: There is no such model.
    """
    return ReferenceIndex.open(index_folder(repository, repository.config(name)))


def find_served_index(repository: Repository, name: str) -> ReferenceIndex | None:
    """The same; None where the cases are the user's own and no index was built of them yet.

    Raises:
        ConfigError: As `open_served_index`.
        NotFound: There is no such model.
    """
    config = repository.config(name)
    folder = index_folder(repository, config)
    brought = not isinstance(config.hikari, CascadeConfig) and config.hikari.source is not None
    if brought and not folder.is_dir():
        return None
    return ReferenceIndex.open(folder)
