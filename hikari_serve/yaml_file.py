"""The YAML files that people write: configurations, label sets and prompts, read strictly.

A key that stands twice is a mistake: PyYAML would silently take the last.
"""

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from hikari_serve.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)

MAX_DEPTH = 40
"""Of lists and maps in one another."""

MAX_NODES = 100_000
"""Of a file, with what its anchors repeat; the largest label set has a few hundred labels."""


class _Loader(yaml.SafeLoader):
    """PyYAML's, with two limits: it would follow any nesting and any repetition to its end."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """One node with all below it.

        Raises:
            ComposerError: The file is too deep, or too large with its repetitions.
        """
        repeated = self.check_event(yaml.AliasEvent)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _refused(f"it is nested deeper than {MAX_DEPTH} levels")
        node = super().compose_node(parent, index)
        self._depth -= 1
        if node is None:
            return None
        if repeated and id(node) not in self._sizes:
            raise _refused("an anchor is repeated within itself", node)
        if not repeated:
            self._sizes[id(node)] = 1 + sum(self._sizes[id(each)] for each in _below(node))
        if self._sizes[id(node)] > MAX_NODES:
            raise _refused(f"it has more than {MAX_NODES} values with what is repeated", node)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"`{key.value}` stands twice", key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _refused(why: str, node: yaml.Node | None = None) -> yaml.YAMLError:
    return yaml.composer.ComposerError(None, None, why, node.start_mark if node else None)


def _below(node: yaml.Node) -> Iterator[yaml.Node]:
    for child in node.value if isinstance(node, yaml.CollectionNode) else ():
        yield from child if isinstance(child, tuple) else (child,)


def read_yaml(path: Path, *, needed: str) -> Any:
    """Reads a file of plain YAML.

    Args:
        path: The file.
        needed: What it is needed for, in case it is missing.

    Raises:
        ConfigError: It is missing, cannot be read, is no YAML, or has a key twice; the message
            names the file.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except FileNotFoundError:
        raise ConfigError(f"{path} is missing: {needed}") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, yaml.YAMLError) as error:
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
