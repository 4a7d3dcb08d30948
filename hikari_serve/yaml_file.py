"""The YAML files that people write: configurations, label sets and prompts, read strictly.

A key that stands twice is a mistake: PyYAML would silently take the last.
"""

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from hikari_serve.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"`{key.value}` stands twice", key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def read_yaml(path: Path, *, needed: str) -> Any:
    """Reads a file of plain YAML.

    Args:
        path: The file.
        needed: What it is needed for, in case it is missing.

    Raises:
        ConfigError: It is missing, is no YAML, or has a key twice; the message names the file.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except FileNotFoundError:
        raise ConfigError(f"{path} is missing: {needed}") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} is not YAML: {' '.join(str(error).split())}") from None


def read_model(path: Path, model: type[Model], *, needed: str, whole: str) -> Model:
    """Reads a file that is one value of a model.

    Args:
        path: The file.
        model: What it holds.
        needed: What it is needed for, in case it is missing.
        whole: What the whole is called, for mistakes that are in no field of it.

    Raises:
        ConfigError: It cannot be read, or a field is wrong; the message names file and field.
    """
    found = read_yaml(path, needed=needed)
    try:
        return model.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or whole
        raise ConfigError(f"{path}: {where}: {first['msg']}") from None
