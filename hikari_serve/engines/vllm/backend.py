"""The engine `vllm`, as the registry finds it."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from hikari_serve.engines.contract import LanguageEngine, Opening
from hikari_serve.engines.registry import require_package
from hikari_serve.engines.vllm.environment import prepare_environment


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Checks them where vLLM is installed; see `Backend.check_parameters`."""
    if parameters and find_spec("vllm"):
        from hikari_serve.engines.vllm import parameters as known

        known.check_parameters(parameters)


def open_engine(opening: Opening) -> LanguageEngine:
    """Opens a checkpoint; see `Backend.open_engine`."""
    require_package("vllm", "`make setup-gpu`, or pip install '.[vllm]'")
    prepare_environment(on_cpu=opening.device == "cpu", threads=opening.threads)
    from hikari_serve.engines.vllm.engine import VllmEngine  # vLLM reads the environment there

    return VllmEngine.open(opening)
