"""The index of a reference model, as every reader of the repository finds it."""

from pathlib import Path

from hikari_serve.errors import ConfigError
from hikari_serve.references.index import ReferenceIndex
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import RetrieverConfig


def index_folder(repository: Repository, config: ModelConfig, version: int | None = None) -> Path:
    """Where the index of a reference model lies, or is expected.

    That is beside the weights, where the configuration names a folder there; an index that its
    user builds lies in the folder of indexes, under the model's name.

    Args:
        repository: Where the models lie.
        config: The model.
        version: Its version; None takes the newest that is served.

    Raises:
        ConfigError: The model is not of kind `retrieve`.
    """
    if not isinstance(config.hikari, RetrieverConfig):
        raise ConfigError(f"index: '{config.name}' is no model of kind `retrieve`")
    if config.hikari.index is None:
        return repository.indexes / config.name
    chosen = repository.served_versions(config)[-1] if version is None else version
    return repository.version_folder(config.name, chosen) / config.hikari.index


def open_served_index(repository: Repository, name: str) -> ReferenceIndex:
    """Opens the index of the newest served version of a reference model.

    Raises:
        ConfigError: The model is not of kind `retrieve`, or its index is missing or wrong.
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
    own = isinstance(config.hikari, RetrieverConfig) and config.hikari.index is None
    if own and not folder.is_dir():
        return None
    return ReferenceIndex.open(folder)
