"""The prompts that come with this package, by name: those that HIKARI's weights were asked with.

They are data with the weights: each file says which models it belongs to and whether it was
trained, only evaluated, or neither. A configuration names one (`prompt: p0`), or a file of its
own beside it (`prompt: mine.yaml`).
"""

from pathlib import Path

from hikari_serve.errors import ConfigError
from hikari_serve.hints import hint
from hikari_serve.prompts.layout import PromptLayout
from hikari_serve.yaml_file import read_model

_SETS = Path(__file__).with_name("sets")


def shipped_prompts() -> list[str]:
    """The names of the prompts of this package, sorted."""
    return sorted(path.stem for path in _SETS.glob("*.yaml"))


def find_prompt(name: str, folder: Path) -> PromptLayout:
    """The prompt that a configuration names.

    Args:
        name: Of a prompt of this package, or of a `.yaml` file in `folder`.
        folder: The model's folder.

    Raises:
        ConfigError: There is no such prompt, or its file is wrong; the message names it.
    """
    if name.endswith(".yaml"):
        return _read(folder / name)
    names = shipped_prompts()
    if name not in names:
        nearest = hint(name, names, quote="'")
        raise ConfigError(
            f"there is no prompt '{name}' ({nearest}); a file of your own ends in .yaml"
        )
    return _read(_SETS / f"{name}.yaml")


def _read(path: Path) -> PromptLayout:
    needed = "the prompt that `prompt` names"
    return read_model(path, PromptLayout, needed=needed, whole="the prompt")
