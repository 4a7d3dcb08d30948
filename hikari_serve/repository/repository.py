"""The model repository: folders of `config.yaml` and numbered versions, as Triton lays them out."""

import re
from dataclasses import dataclass
from pathlib import Path

from hikari_serve.errors import ConfigError, NotFound
from hikari_serve.hints import hint
from hikari_serve.repository.config import CONFIG_FILE, ModelConfig, read_config
from hikari_serve.repository.deployment import deployed
from hikari_serve.repository.schema import CascadeConfig
from hikari_serve.settings import INDEXES, WEIGHTS, Settings

VERSION = re.compile("[1-9][0-9]*")
"""The name of a version's folder; Triton passes over any other, too."""

SOURCE_VERSION = 1
"""The version that a configuration's `source` is, with or without a folder of its own."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A folder of models; reads the disk at each call and keeps nothing.

    Attributes:
        root: The folder.
        weights: Folder of the weights that `hikari models pull` brought.
        indexes: Folder of the reference indexes that `hikari index build` wrote.
        plan: File of what the deployment says of the engines; None says nothing.
    """

    root: Path
    weights: Path = WEIGHTS
    indexes: Path = INDEXES
    plan: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Repository":
        """The repository that the settings name."""
        return cls(settings.models, settings.weights, settings.indexes, settings.plan)

    def names(self) -> list[str]:
        """Every model's name, sorted.

        Raises:
            ConfigError: The folder does not exist.
        """
        if not self.root.is_dir():
            raise ConfigError(f"{self.root} is no folder: set HIKARI_MODELS to the repository")
        return sorted(path.parent.name for path in self.root.glob(f"*/{CONFIG_FILE}"))

    def folder(self, name: str) -> Path:
        """The folder of model `name`.

        Raises:
            NotFound: There is no such model; the message names the nearest.
        """
        names = self.names()
        if name not in names:
            nearest = hint(name, names, quote="'")
            raise NotFound(f"no model '{name}' in {self.root}; {nearest}")
        return self.root / name

    def config(self, name: str) -> ModelConfig:
        """The configuration of model `name`, as this deployment has it.

        Raises:
            NotFound: There is no such model.
            ConfigError: Its configuration is wrong, or the deployment's file.
        """
        config = read_config(self.folder(name))
        return deployed(config, self.plan, self.names()) if self.plan else config

    def versions(self, config: ModelConfig) -> list[int]:
        """Every version of a model that there is, oldest first: its folders, and its source."""
        found = {
            int(path.name)
            for path in self.folder(config.name).iterdir()
            if VERSION.fullmatch(path.name) and path.is_dir()
        }
        if not isinstance(config.hikari, CascadeConfig) and config.hikari.source is not None:
            found.add(SOURCE_VERSION)
        return sorted(found)

    def served_versions(self, config: ModelConfig) -> list[int]:
        """The versions that the model's policy chooses, oldest first; a cascade has version 1.

        Raises:
            ConfigError: The policy names a version that does not exist, or none, or none exists.
        """
        if isinstance(config.hikari, CascadeConfig):
            return [1]
        there = self.versions(config)
        if not there:
            raise ConfigError(f"model '{config.name}' has no version: expected a folder named 1")
        policy = config.triton.version_policy
        match policy.WhichOneof("policy_choice"):
            case "all":
                return there
            case "specific":
                chosen = sorted(set(policy.specific.versions))
                if not chosen:
                    raise ConfigError(
                        f"model '{config.name}': triton.version_policy chooses no version: name "
                        "one, or leave the policy out for the newest"
                    )
                if missing := sorted(set(chosen) - set(there)):
                    raise ConfigError(f"model '{config.name}' has no version {missing[0]}")
                return chosen
            case _:
                return there[-max(1, policy.latest.num_versions) :]

    def version_folder(self, name: str, version: int) -> Path:
        """The folder that holds one version's files."""
        return self.folder(name) / str(version)
