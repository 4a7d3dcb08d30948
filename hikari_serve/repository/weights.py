"""Where a version's weights lie: in its folder, or where `hikari models pull` put them.

Large weights are not in the repository: its configuration names their `source`, and a pull lays
them into `<weights>/<model>/<revision>` (or `<version>`, where no revision is pinned) with a
record of what it brought. What reads words for a reference model has a source of its own, and
lies in the folder `text` of either place.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hikari_serve.errors import ConfigError
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.record import read_record
from hikari_serve.repository.repository import SOURCE_VERSION, Repository
from hikari_serve.repository.schema import (
    CascadeConfig,
    ClassifierConfig,
    DescriberConfig,
    RetrieverConfig,
    Source,
)

TEXT = "text"
"""Folder of the weights that read words, inside a version's folder or the model's pulled ones."""
PICKLED = "pytorch_model.bin"
"""Weights in the format before safetensors, which only reference encoders load."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of a version.

    Attributes:
        folder: A whole checkpoint.
        adapter: A LoRA adapter that is laid on it, if the model is one.
        revision: Commit of the hub that the model's own files are, if they were pulled.
        text: What reads words, if this is a reference model that compares them.
    """

    folder: Path
    adapter: Path | None = None
    revision: str | None = None
    text: Path | None = None

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
    if other := former_source(repository, config, version):
        raise ConfigError(
            f"the weights of model '{name}' are not here, but those of {other}, which was its "
            f"source: run `hikari models pull {name}`"
        )
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
        return Weights(own, revision=revision, text=text_folder(repository, config, version))
    newest = repository.served_versions(base)[-1]
    whole = find_weights(repository, base.name, newest).folder
    return Weights(whole, adapter=own, revision=revision)


def base_of(repository: Repository, config: ModelConfig) -> ModelConfig | None:
    """The model whose weights this one's are an adapter of; None if its own are whole.

    Raises:
        ConfigError: The base is itself an adapter, or no language model.
        NotFound: There is no such model.
    """
    if not isinstance(config.hikari, ClassifierConfig | DescriberConfig) or not config.hikari.base:
        return None
    base = repository.config(config.hikari.base)
    if not isinstance(base.hikari, ClassifierConfig | DescriberConfig) or base.hikari.base:
        raise ConfigError(
            f"model '{config.name}': hikari.base: '{base.name}' has no whole language model; "
            "name one that is neither an adapter nor a cascade"
        )
    return base


def missing_weights(
    repository: Repository, config: ModelConfig, versions: Sequence[int] | None = None
) -> list[str]:
    """The models whose weights this one runs on (its own, its base's) and that are not here.

    Args:
        repository: Where the models lie.
        config: The model.
        versions: Those of it that are to run; None is those that its policy chooses.

    Raises:
        ConfigError: Its base cannot be one, or a pull's record is none.
        NotFound: There is no such base.
    """
    base = base_of(repository, config)
    wanted = [(config, repository.served_versions(config) if versions is None else versions)]
    if base is not None:
        wanted.append((base, repository.served_versions(base)))
    return [
        model.name
        for model, its in wanted
        if not all(_are_here(repository, model, version) for version in its)
    ]


def weights_folder(repository: Repository, config: ModelConfig, version: int) -> Path:
    """The folder that holds a version's weights, or in which they are expected."""
    folder = repository.version_folder(config.name, version)
    if version != SOURCE_VERSION:
        return folder
    return _place(repository, config, _source(config), folder)


def text_folder(repository: Repository, config: ModelConfig, version: int) -> Path | None:
    """The folder of what reads words for a reference model; None if it compares none."""
    words = config.hikari.text if isinstance(config.hikari, RetrieverConfig) else None
    if words is None:
        return None
    if words.encoder == "clip":
        return weights_folder(repository, config, version)
    folder = repository.version_folder(config.name, version) / TEXT
    if version != SOURCE_VERSION:
        return folder
    return _place(repository, config, words.source, folder, TEXT)


def former_source(repository: Repository, config: ModelConfig, version: int) -> str | None:
    """The hub's repository whose weights lie where a version's belong, if it is not the source.

    A pull brought them before the configuration named another.

    Raises:
        ConfigError: A pull's record is none.
    """
    words = config.hikari.text if isinstance(config.hikari, RetrieverConfig) else None
    places = (
        (weights_folder(repository, config, version), _source(config)),
        (text_folder(repository, config, version), words.source if words else None),
    )
    for folder, source in places:
        if folder and source and source.hub and folder.is_relative_to(repository.weights):
            record = read_record(folder)
            if record is not None and record.hub != source.hub:
                return record.hub
    return None


def _place(
    repository: Repository, config: ModelConfig, source: Source | None, folder: Path, part: str = ""
) -> Path:
    """Where the weights of a source lie: in the version's own folder if there are some."""
    if source is None or _holds_weights(folder):
        return folder
    if source.folder is not None:
        return repository.folder(config.name) / os.path.expanduser(source.folder)
    place = source.revision.replace("/", "--") if source.revision else str(SOURCE_VERSION)
    return repository.weights / config.name / part / place


def _are_here(repository: Repository, config: ModelConfig, version: int) -> bool:
    """Whether the weights are here; those that no source brings are left to the engine's word."""
    if _source(config) is None:
        return True
    text = text_folder(repository, config, version)
    own = _holds_weights(weights_folder(repository, config, version))
    here = own and (text is None or _holds_weights(text))
    return here and former_source(repository, config, version) is None


def _source(config: ModelConfig) -> Source | None:
    return None if isinstance(config.hikari, CascadeConfig) else config.hikari.source


def _holds_weights(folder: Path) -> bool:
    # what cannot load the second kind says so
    return any(folder.glob("*.safetensors")) or (folder / PICKLED).is_file()
