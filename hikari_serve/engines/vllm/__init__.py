"""The vLLM engine: any Qwen3-VL checkpoint, with continuous batching, in a process of its own."""

from hikari_serve.engines.contract import LanguageEngine
from hikari_serve.engines.opening import Opening
from hikari_serve.engines.vllm.environment import prepare_environment


def open_vllm(opening: Opening) -> LanguageEngine:
    """Opens a checkpoint; blocking.

    Raises:
        ConfigError: vLLM cannot run these weights with these settings on this machine.
    """
    prepare_environment(on_cpu=opening.device == "cpu", threads=opening.threads)
    from hikari_serve.engines.vllm.engine import VllmEngine  # vLLM reads the environment there

    return VllmEngine.open(opening)
