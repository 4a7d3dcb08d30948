"""The index of a reference model, as every reader of the repository finds it."""

from hikari_serve.errors import ConfigError
from hikari_serve.references.index import ReferenceIndex
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import ReferencesConfig


def open_served_index(repository: Repository, name: str) -> ReferenceIndex:
    """Opens the index of the newest served version of a reference model.

    Raises:
        ConfigError: The model is none of the task `references`, or its index is missing or wrong.
        NotFound: There is no such model.
    """
    config = repository.config(name)
    if not isinstance(config.hikari, ReferencesConfig):
        raise ConfigError(f"index: '{name}' is no model of the task `references`")
    newest = repository.served_versions(config)[-1]
    return ReferenceIndex.open(repository.version_folder(name, newest) / config.hikari.index)
