"""Whether what is to be loaded fits what is there: the cascade as it was read, and the memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
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


@dataclass(frozen=True, slots=True)
class Coming:
    """A model with versions that are to be loaded.

    Attributes:
        config: The model.
        versions: Which.
        processes: How many load them.
    """

    config: ModelConfig
    versions: Collection[int]
    processes: int


def check_room(
    repository: Repository,
    cascade: str,
    coming: Sequence[Coming],
    beside: Sequence[ModelConfig],
    free: int | None = None,
) -> None:
    """Returns if what comes may fit beside what runs, as far as that can be known before.

    Args:
        repository: Where the weights lie.
        cascade: The served cascade.
        coming: All that is to be loaded at once.
        beside: The models that run on this machine, each as often as it does.
        free: Bytes of memory that are free; None asks the system.

    Raises:
        ConfigError: It does not, or weights are not there.
    """
    running = {each.name for each in beside}
    anew = [
        replace(each.config, name=f"{each.config.name} (anew)")
        if each.config.name in running
        else each.config
        for each in coming
        for _ in range(len(each.versions) * each.processes)
    ]
    check_shares(cascade, [*beside, *anew])
    sizes = [(each, _size(repository, each)) for each in coming]
    free = _free() if free is None else free
    on_cpu = [(each, size) for each, size in sizes if _on_cpu(each.config)]
    if free is not None and sum(size * each.processes for each, size in on_cpu) > free:
        listed = ", ".join(
            f"the weights of model '{each.config.name}' take {size / 1e9:.1f} GB in each of "
            f"{each.processes} processes"
            for each, size in on_cpu
        )
        raise ConfigError(
            f"{listed}, and {free / 1e9:.1f} GB are free beside what runs; unload something first"
        )


def _size(repository: Repository, coming: Coming) -> int:
    """Bytes of the weights in one process."""
    name = coming.config.name
    folders = [find_weights(repository, name, version).folder for version in coming.versions]
    return sum(path.stat().st_size for folder in folders for path in folder.glob("*.safetensors"))


def _on_cpu(config: ModelConfig) -> bool:
    return not isinstance(config.hikari, CascadeConfig) and config.hikari.engine.device == "cpu"


def _free() -> int | None:
    """Bytes that new processes could take; None where the system does not say."""
    try:
        lines = MEMORY.read_text().splitlines()
    except OSError:
        return None
    found = next((line.split()[1] for line in lines if line.startswith("MemAvailable:")), None)
    return None if found is None else int(found) * 1024
