"""`hikari models quantize`: which weights, whereto, and the progress."""

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from hikari_serve.engines.quantization import quantize
from hikari_serve.errors import ConfigError
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import ClassifierConfig, DescriberConfig
from hikari_serve.repository.weights import find_weights


def new_version(repository: Repository, name: str) -> Path:
    """The folder of the version behind the newest of a model.

    Raises:
        ConfigError: The model's configuration is wrong.
        NotFound: There is no such model.
    """
    newest = max(repository.versions(repository.config(name)), default=0)
    return repository.version_folder(name, newest + 1)


def quantize_shown(repository: Repository, name: str, out: Path) -> int:
    """Quantises a model's newest weights under a progress bar, which people alone see.

    Returns:
        Bytes of the new weights.

    Raises:
        ConfigError: It has no whole weights, they are not here, or cannot be quantised.
        NotFound: There is no such model.
    """
    config = repository.config(name)
    if not isinstance(config.hikari, ClassifierConfig | DescriberConfig) or config.hikari.base:
        raise ConfigError(f"model '{name}' has no whole language model to quantise")
    weights = find_weights(repository, name, repository.served_versions(config)[-1])
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_interactive,
        transient=True,
    ) as bar:
        task = bar.add_task(f"Quantising {name}", total=None)
        quantize(
            weights.folder, out, lambda done, total: bar.update(task, completed=done, total=total)
        )
    return sum(path.stat().st_size for path in out.glob("*.safetensors"))
