"""Which engine runs a model: Triton's `backend` in its configuration, by name.

Engines are found by entry points of the group `hikari_serve.engines`, each naming a module with
the two functions of `Backend`. A package of one's own adds an engine by declaring one; nothing here
changes for it.
"""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import Any, Protocol, cast

from hikari_serve.engines.contract import LanguageEngine, Opening
from hikari_serve.errors import ConfigError, EngineFailed
from hikari_serve.hints import hint

GROUP = "hikari_serve.engines"


class Backend(Protocol):
    """What an entry point names. Importing it imports no engine: no machine has all of them."""

    def check_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Checks `engine.parameters` as far as that can be done on this machine.

        Raises:
            ConfigError: The engine has no such parameter.
        """

    def open_engine(self, opening: Opening) -> LanguageEngine:
        """Opens a checkpoint; blocking, for minutes with large weights.

        Raises:
            ConfigError: The engine's package is not installed, or it cannot run these weights on
                this machine.
            EngineFailed: It broke off while it started, and may start when it is tried again.
        """


def open_engine(backend: str, opening: Opening) -> LanguageEngine:
    """Opens the engine that a configuration names; blocking.

    Raises:
        ConfigError: There is no such engine, its package is not installed, or it cannot run
            these weights on this machine.
        EngineFailed: It broke off while it started, and may start when it is tried again.
    """
    found = _find(opening.model, backend)
    try:
        return found.open_engine(opening)
    except (ConfigError, EngineFailed) as error:
        raise type(error)(f"model '{opening.model}': {error.message}") from error


def check_engine(model: str, backend: str, parameters: Mapping[str, Any]) -> None:
    """Checks the engine that a configuration names, without its weights.

    Parameters are checked only where the engine's package is installed: they are its own.

    Raises:
        ConfigError: There is no such engine, or it has no such parameter.
    """
    found = _find(model, backend)
    try:
        found.check_parameters(parameters)
    except ConfigError as error:
        raise ConfigError(f"model '{model}': {error.message}") from error


def require_package(package: str, how: str) -> None:
    """Refuses an engine whose package is not installed, and says how to install it.

    Raises:
        ConfigError: It is not.
    """
    if find_spec(package) is None:
        raise ConfigError(
            f"the package {package} is not installed: {how}, in an environment of its own"
        )


def _find(model: str, backend: str) -> Backend:
    found: Mapping[str, EntryPoint] = {each.name: each for each in entry_points(group=GROUP)}
    if not found:
        raise ConfigError(
            "no engine is installed: the package hikari-serve must be, and not only its files "
            "(`pip install --no-deps .`)"
        )
    if backend not in found:
        raise ConfigError(
            f"model '{model}': triton.backend: no engine '{backend}'; {hint(backend, found)}"
        )
    return cast(Backend, found[backend].load())
