"""What the calls that load and unload may ask, by whichever door."""

from collections.abc import Mapping

from hikari_serve.errors import InvalidInput, Unsupported
from hikari_serve.quoting import quoted

OFF = (
    "models are not loaded or unloaded by requests: HIKARI_MODEL_CONTROL=explicit allows it to "
    "keys of the scope `admin`"
)

DEPENDENTS = "unload_dependents"


def off() -> Unsupported:
    """The answer where control is off."""
    return Unsupported(OFF)


def check_load(parameters: Mapping[str, object]) -> None:
    """Returns if a load asks for nothing besides.

    Raises:
        InvalidInput: It overrides the configuration or files, or has an unknown parameter.
    """
    for name in parameters:
        if name == "config" or name.startswith("file:"):
            raise InvalidInput(
                f"parameter '{quoted(name)}' overrides what lies in the repository, which is not "
                "offered: change the model's folder, and load it"
            )
        raise InvalidInput(f"unknown parameter '{quoted(name)}': a load has none")


def check_unload(parameters: Mapping[str, object]) -> None:
    """Returns if an unload asks for nothing besides.

    Raises:
        InvalidInput: It wants other models unloaded too, or has an unknown parameter.
    """
    for name, value in parameters.items():
        if name != DEPENDENTS:
            raise InvalidInput(f"unknown parameter '{quoted(name)}'; there is {DEPENDENTS}")
        if value is not False:
            raise InvalidInput(
                f"parameter '{DEPENDENTS}' is false: a model is unloaded alone, not {quoted(value)}"
            )
