"""The names in `engine.parameters`: an engine's own, but for what is said or fixed elsewhere."""

from collections.abc import Iterable, Mapping

from hikari_serve.errors import ConfigError
from hikari_serve.hints import hint


def check_names(
    names: Iterable[str],
    known: Iterable[str],
    *,
    said_elsewhere: Mapping[str, str],
    needed: Mapping[str, str],
    engine: str,
    listed_in: str,
) -> None:
    """Checks the names of the parameters that a configuration sets.

    Args:
        names: The parameters.
        known: What the engine takes.
        said_elsewhere: Of those, what other fields of the configuration set, and which.
        needed: Of those, what has only one right value, and why.
        engine: Its name, for the error.
        listed_in: The engine's own class that has them as fields, for the error.

    Raises:
        ConfigError: A parameter is none of the engine's, or is not for the configuration to set.
    """
    choice = sorted(set(known) - set(said_elsewhere) - set(needed))
    for name in names:
        where = f"`engine.parameters.{name}`"
        if name in said_elsewhere:
            raise ConfigError(f"{where}: {said_elsewhere[name]} says that; leave it out")
        if name in needed:
            raise ConfigError(f"{where} is fixed, because {needed[name]}; leave it out")
        if name not in choice:
            nearest = hint(name, choice, otherwise=f"see its {listed_in}")
            raise ConfigError(f"{where} is no argument of {engine}'s engine; {nearest}")
