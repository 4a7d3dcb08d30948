"""The engine `sglang`, as the registry finds it."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from hikari_serve.engines.contract import LanguageEngine, Opening
from hikari_serve.engines.registry import require_package


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Checks them where SGLang is installed; see `Backend.check_parameters`."""
    if parameters and find_spec("sglang"):
        from hikari_serve.engines.sglang import parameters as known

        known.check_parameters(parameters)


def open_engine(opening: Opening) -> LanguageEngine:
    """Opens a checkpoint; see `Backend.open_engine`."""
    require_package("sglang", "docs/engines.md says how to install the extra `sglang`")
    from hikari_serve.engines.sglang.engine import SglangEngine

    return SglangEngine.open(opening)
