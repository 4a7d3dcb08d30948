"""Which engine runs a model: Triton's `backend` in its configuration, by name.

A new engine needs a line in `OPENERS` and a function that imports its package only when called,
because no machine has the packages of every engine.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hikari_serve.engines.contract import LanguageEngine
from hikari_serve.errors import ConfigError

if TYPE_CHECKING:
    from hikari_serve.engines.chat import Thinking  # imports torch, which checks do without

MAX_BATCH_TOKENS = 16_384
"""Tokens that one static batch reads at most, padding included: 8 prompts of the longest layout
(four 672 px pictures and their captions, about 2,200 tokens)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What an engine is opened with: the weights, the machine's part, the limits.

    Attributes:
        model: The model's name, for messages.
        folder: Its weights, tokenizer, chat template and image processor settings.
        adapter: A folder with a LoRA adapter of those weights, if one is served.
        device: By torch's name.
        dtype: `float32`, `bfloat16` or `float16`.
        parameters: The engine's own settings, by the engine's own names.
        max_batch: Requests that are computed together.
        max_context: Tokens of a prompt, image tokens included.
        max_new_tokens: Tokens of an answer.
        max_images: Pictures in a prompt.
        threads: Cores to compute on.
        thinking: Whether the model thinks before it answers.
        turns: Whether it must be able to sleep, because it shares its device by turns.
    """

    model: str
    folder: Path
    adapter: Path | None = None
    device: str
    dtype: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    max_batch: int
    max_context: int
    max_new_tokens: int
    max_images: int
    threads: int
    thinking: "Thinking"
    turns: bool = False


def open_engine(backend: str, opening: Opening) -> LanguageEngine:
    """Opens the engine that a configuration names; blocking, for minutes with large weights.

    Raises:
        ConfigError: There is no such engine, its package is not installed, or it cannot run
            these weights on this machine.
    """
    _require_known(opening.model, backend)
    try:
        return OPENERS[backend](opening)
    except ConfigError as error:
        raise ConfigError(f"model '{opening.model}': {error.message}") from error


def check_engine(model: str, backend: str, parameters: Mapping[str, Any]) -> None:
    """Checks the engine that a configuration names, without its weights.

    Parameters are checked only where the engine's package is installed: they are its own.

    Raises:
        ConfigError: There is no such engine, or it has no such parameter.
    """
    _require_known(model, backend)
    try:
        if backend == "transformers":
            _refuse_parameters(parameters)
        elif parameters and find_spec(backend):
            import_module(f"hikari_serve.engines.{backend}.parameters").check_parameters(parameters)
    except ConfigError as error:
        raise ConfigError(f"model '{model}': {error.message}") from error


def _require_known(model: str, backend: str) -> None:
    if backend not in OPENERS:
        close = difflib.get_close_matches(backend, OPENERS, n=1)
        hint = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(OPENERS)}"
        raise ConfigError(f"model '{model}': triton.backend: no engine '{backend}'; {hint}")


def _refuse_parameters(parameters: Mapping[str, Any]) -> None:
    if parameters:
        raise ConfigError("`engine.parameters`: the transformers engine has none; leave it out")


def _transformers(opening: Opening) -> LanguageEngine:
    from hikari_serve.engines.transformers import TransformersEngine

    _refuse_parameters(opening.parameters)
    if opening.adapter:
        raise ConfigError("the transformers engine serves no adapters: set `backend: vllm`")
    return TransformersEngine.load(
        opening.folder,
        device=opening.device,
        dtype=opening.dtype,
        max_batch=opening.max_batch,
        max_context=opening.max_context,
        max_images=opening.max_images,
        max_work=MAX_BATCH_TOKENS,
        threads=opening.threads,
        thinking=opening.thinking,
    )


def _vllm(opening: Opening) -> LanguageEngine:
    _require("vllm", "pip install 'hikari-serve[vllm]'")
    from hikari_serve.engines.vllm import open_vllm

    return open_vllm(opening)


def _sglang(opening: Opening) -> LanguageEngine:
    _require("sglang", "docs/engines.md says how to install the extra `sglang`")
    from hikari_serve.engines.sglang import SglangEngine

    return SglangEngine.open(opening)


def _require(package: str, how: str) -> None:
    """Refuses an engine whose package is not installed, and says how to install it."""
    if find_spec(package) is None:
        raise ConfigError(
            f"the package {package} is not installed: {how}, in an environment of its own"
        )


OPENERS: Mapping[str, Callable[[Opening], LanguageEngine]] = {
    "transformers": _transformers,
    "vllm": _vllm,
    "sglang": _sglang,
}
"""Each engine by the name that Triton's `backend` gives it."""
