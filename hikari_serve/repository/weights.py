"""Where a version's weights lie: in its folder, or where `hikari models pull` put them.

Large weights are not in the repository: its configuration names their `source`, and a pull lays
them into `<weights>/<model>/<revision>` (or `<version>`, where no revision is pinned) with a
record of what it brought.
"""

from dataclasses import dataclass
from pathlib import Path

from hikari_serve.errors import ConfigError
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.record import read_record
from hikari_serve.repository.repository import SOURCE_VERSION, Repository
from hikari_serve.repository.schema import CaptionConfig, CascadeConfig, ClassifierConfig, Source


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of a version.

    Attributes:
        folder: A whole checkpoint.
        adapter: A LoRA adapter that is laid on it, if the model is one.
        revision: Commit of the hub that the model's own files are, if they were pulled.
    """

    folder: Path
    adapter: Path | None = None
    revision: str | None = None

    @property
    def own(self) -> Path:
        """The model's own files: the adapter, or the checkpoint."""
        return self.adapter or self.folder


def find_weights(repository: Repository, name: str, version: int) -> Weights:
    """Finds what `version` of model `name` runs on.

    Raises:
        ConfigError: The weights are not here; the message says which command brings them. Or the
            model is an adapter of what is no whole model.
        NotFound: There is no such model, or no such base.
    """
    config = repository.config(name)
    own = weights_folder(repository, config, version)
    if not _are_here(repository, config, version):
        source = _source(config)
        raise ConfigError(
            f"model '{name}': hikari.source.folder: {own} holds no *.safetensors"
            if source and source.folder
            else f"the weights of model '{name}' are not here: run `hikari models pull {name}`"
        )
    record = read_record(own)
    revision = record.commit if record else None
    base = base_of(repository, config)
    if base is None:
        return Weights(own, revision=revision)
    newest = repository.served_versions(base)[-1]
    whole = find_weights(repository, base.name, newest).folder
    return Weights(whole, adapter=own, revision=revision)


def base_of(repository: Repository, config: ModelConfig) -> ModelConfig | None:
    """The model whose weights this one's are an adapter of; None if its own are whole.

    Raises:
        ConfigError: The base is itself an adapter, or no language model.
        NotFound: There is no such model.
    """
    if not isinstance(config.hikari, ClassifierConfig | CaptionConfig) or not config.hikari.base:
        return None
    base = repository.config(config.hikari.base)
    if not isinstance(base.hikari, ClassifierConfig | CaptionConfig) or base.hikari.base:
        raise ConfigError(
            f"model '{config.name}': hikari.base: '{base.name}' has no whole language model; "
            "name one that is neither an adapter nor a cascade"
        )
    return base


def missing_weights(repository: Repository, config: ModelConfig) -> list[str]:
    """The models whose weights this one runs on (its own, its base's) and that are not here.

    Raises:
        ConfigError: Its base cannot be one.
        NotFound: There is no such base.
    """
    base = base_of(repository, config)
    return [
        model.name
        for model in (config, base)
        if model is not None
        and not all(
            _are_here(repository, model, version) for version in repository.served_versions(model)
        )
    ]


def weights_folder(repository: Repository, config: ModelConfig, version: int) -> Path:
    """The folder that holds a version's weights, or in which they are expected."""
    folder = repository.version_folder(config.name, version)
    source = _source(config)
    if source is None or version != SOURCE_VERSION or _holds_weights(folder):
        return folder
    if source.folder is not None:
        return repository.folder(config.name) / source.folder.expanduser()
    place = source.revision.replace("/", "--") if source.revision else str(version)
    return repository.weights / config.name / place


def _are_here(repository: Repository, config: ModelConfig, version: int) -> bool:
    """Whether the weights are here; those that no source brings are left to the engine's word."""
    if _source(config) is None:
        return True
    return _holds_weights(weights_folder(repository, config, version))


def _source(config: ModelConfig) -> Source | None:
    return None if isinstance(config.hikari, CascadeConfig) else config.hikari.source


def _holds_weights(folder: Path) -> bool:
    return any(folder.glob("*.safetensors"))
