"""The prompts that come with this package, by name: those that HIKARI's weights were asked with.

They are data with the weights: each file says which models it belongs to and whether it was
trained, only evaluated, or neither. A configuration names one (`prompt: p0`), or a file of its
own beside it (`prompt: mine.yaml`).
"""

import difflib
from pathlib import Path

import yaml
from pydantic import ValidationError

from hikari_serve.errors import ConfigError
from hikari_serve.prompts.layout import PromptLayout

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
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"there are {', '.join(names)}"
        raise ConfigError(f"there is no prompt '{name}' ({hint}); a file of your own ends in .yaml")
    return _read(_SETS / f"{name}.yaml")


def _read(path: Path) -> PromptLayout:
    try:
        return PromptLayout.model_validate(yaml.safe_load(path.read_text()))
    except FileNotFoundError:
        raise ConfigError(f"{path} is missing: the prompt that `prompt` names") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the prompt"
        raise ConfigError(f"{path}: {where}: {first['msg']}") from None
