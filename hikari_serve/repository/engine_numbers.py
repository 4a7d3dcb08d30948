"""The numbers in `engine.parameters` that are counted with before an engine starts."""

from collections.abc import Mapping
from typing import Any, TypeVar

from hikari_serve.errors import ConfigError

Number = TypeVar("Number", int, float)


def above_zero(parameters: Mapping[str, Any], name: str, default: Number) -> Number:
    """A number that an engine is set to.

    Args:
        parameters: What a configuration sets.
        name: The number's.
        default: What it is where the configuration says nothing, and so whether it is whole.

    Raises:
        ConfigError: It is none, not above 0, or not whole where it must be.
    """
    value = parameters.get(name)
    if value is None:
        return default
    kinds = (int,) if isinstance(default, int) else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not value > 0:
        whole = "whole " if isinstance(default, int) else ""
        raise ConfigError(
            f"`engine.parameters.{name}` is {value!r}, but must be a {whole}number above 0"
        )
    return value
