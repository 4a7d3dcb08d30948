"""Whether what is to be loaded fits what is there: the cascade as it was read, and the memory."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from hikari_serve.cascade.sharing import check_shares
from hikari_serve.errors import ConfigError
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig
from hikari_serve.repository.weights import find_weights

MEMORY = Path("/proc/meminfo")


def check_same(new: ModelConfig, served: ModelConfig) -> None:
    """Returns if the API and the cascade may stay as they are: they read configurations at start.

    Args:
        new: The configuration as it is now.
        served: As it was at start.

    Raises:
        ConfigError: They differ.
    """
    if new.digest != served.digest:
        raise ConfigError(
            f"the config.yaml of model '{new.name}' is another than at start: a version may bring "
            "other weights alone; start the server anew for the rest"
        )


def check_room(
    repository: Repository,
    cascade: str,
    config: ModelConfig,
    versions: Iterable[int],
    beside: Iterable[ModelConfig],
    processes: int,
    free: int | None = None,
) -> None:
    """Returns if versions may fit beside what runs, as far as that can be known before.

    Args:
        repository: Where they lie.
        cascade: The served cascade.
        config: Their model.
        versions: What is to be loaded.
        beside: The models of this machine that run.
        processes: How many processes load each.
        free: Bytes of memory that are free; None asks the system.

    Raises:
        ConfigError: They do not, or their weights are not there.
    """
    hikari = config.hikari
    assert not isinstance(hikari, CascadeConfig)
    check_shares(cascade, [*beside, replace(config, name=f"{config.name} (anew)")])
    folders = [find_weights(repository, config.name, version).folder for version in versions]
    free = _free() if free is None else free
    if hikari.engine.device != "cpu" or free is None:
        return
    size = sum(path.stat().st_size for folder in folders for path in folder.glob("*.safetensors"))
    if size * processes > free:
        raise ConfigError(
            f"model '{config.name}' does not fit beside what runs: its weights take "
            f"{size / 1e9:.1f} GB in each of {processes} processes, and {free / 1e9:.1f} GB are "
            "free; unload something first"
        )


def _free() -> int | None:
    """Bytes that new processes could take; None where the system does not say."""
    try:
        lines = MEMORY.read_text().splitlines()
    except OSError:
        return None
    found = next((line.split()[1] for line in lines if line.startswith("MemAvailable:")), None)
    return None if found is None else int(found) * 1024
