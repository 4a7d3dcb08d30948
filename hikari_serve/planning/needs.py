"""What one model needs of a GPU's memory, term by term, each with its arithmetic."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hikari_serve.engines.chat import MAX_THINKING
from hikari_serve.errors import ConfigError
from hikari_serve.planning.architecture import SHIPPED, Architecture, read_architecture
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import ClassifierConfig, DescriberConfig
from hikari_serve.repository.weights import base_of, weights_folder

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}

LINEAR_BYTES = {
    # NF4: half a byte; for 64 weights one scale of a byte, for 256 scales one of four bytes
    "bitsandbytes": 0.5 + 1 / 64 + 4 / (64 * 256),
    "fp8": 1.0,
}
"""Bytes of a quantised weight. Only the language model's linear layers are counted so: what an
engine makes smaller besides (vLLM's BitsAndBytes quantises the vision tower while it loads) is
a reserve."""

LORA_RANK = 16
"""Rank of HIKARI's adapters, by the authors' code."""

BATCHED_TOKENS = 8192
"""Tokens that vLLM reads at once if `max_num_batched_tokens` does not say; its default depends on
the card, from 2,048 to 16,384."""

CONTEXT = 600_000_000
"""Bytes that a process on the GPU takes before it holds anything: CUDA, cuBLAS, the allocator's
remains. An estimate."""


@dataclass(frozen=True, slots=True)
class Term:
    """A part of the memory.

    Attributes:
        name: What it is for.
        bytes: How much.
        how: The arithmetic.
    """

    name: str
    bytes: int
    how: str


@dataclass(frozen=True, slots=True)
class Need:
    """What one model needs.

    Attributes:
        model: The model.
        engine: What runs it.
        quantization: Of its weights; None is none.
        architecture: What its shapes were read from.
        fixed: What it takes whatever it is asked.
        request: KV cache of one request of the longest kind.
        requests: Requests that it may run at once, by its configuration.
    """

    model: str
    engine: str
    quantization: str | None
    architecture: str
    fixed: tuple[Term, ...]
    request: Term
    requests: int

    @property
    def weights(self) -> int:
        """Bytes of its weights, which a sleeping engine keeps in the host's memory."""
        return sum(term.bytes for term in self.fixed if term.name.startswith("weights"))

    @property
    def least(self) -> int:
        """Bytes with which it answers one request at a time."""
        return sum(term.bytes for term in self.fixed) + self.request.bytes

    @property
    def most(self) -> int:
        """Bytes with which it runs as many as it may."""
        return self.least + self.request.bytes * (self.requests - 1)


def need_of(repository: Repository, config: ModelConfig) -> Need:
    """Counts what a vision-language model needs on one GPU.

    Raises:
        ConfigError: Its parameters cannot be planned for.
        NotFound: Its base does not exist.
    """
    hikari = config.hikari
    assert isinstance(hikari, ClassifierConfig | DescriberConfig)
    parameters = hikari.engine.parameters
    if parameters.get("tensor_parallel_size", 1) != 1:
        raise ConfigError(f"model '{config.name}' spreads over several GPUs: one is planned for")
    base = base_of(repository, config)
    whole = base or config
    folder = weights_folder(repository, whole, repository.served_versions(whole)[-1])
    file = folder / "config.json"
    shapes = read_architecture(file if file.exists() else SHIPPED)
    quantization = parameters.get("quantization") or _stored_quantization(file)
    size = BYTES[hikari.engine.dtype]
    fixed = [
        *_weights(config.name, shapes, quantization, size),
        *([_adapter(shapes, size)] if base else []),
        _activations(shapes, parameters, size),
        _vision(shapes, hikari, size),
        Term("CUDA", CONTEXT, "estimate"),
    ]
    kept = 1 if str(parameters.get("kv_cache_dtype", "")).startswith("fp8") else size
    return Need(
        model=config.name,
        engine=config.triton.backend,
        quantization=quantization,
        architecture=shapes.name,
        fixed=tuple(fixed),
        request=_request(shapes, hikari, kept),
        requests=int(parameters.get("max_num_seqs", max(1, config.triton.max_batch_size))),
    )


def _weights(name: str, shapes: Architecture, quantization: str | None, size: int) -> list[Term]:
    if quantization is not None and quantization not in LINEAR_BYTES:
        raise ConfigError(
            f"model '{name}': hikari.engine.parameters.quantization is '{quantization}', but only "
            f"{', '.join(LINEAR_BYTES)} can be planned for"
        )
    each = LINEAR_BYTES.get(quantization or "", float(size))
    rest = shapes.embeddings + shapes.other
    return [
        Term(
            "weights, language",
            round(shapes.linear * each),
            f"{shapes.linear / 1e9:.3f} billion x {each:.3f} bytes",
        ),
        Term(
            "weights, vision tower",
            shapes.vision * size,
            f"{shapes.vision / 1e9:.3f} billion x {size} bytes",
        ),
        Term(
            "weights, embeddings and head", rest * size, f"{rest / 1e9:.3f} billion x {size} bytes"
        ),
    ]


def _adapter(shapes: Architecture, size: int) -> Term:
    return Term(
        "weights, adapter",
        shapes.lora * LORA_RANK * size,
        f"{shapes.lora / 1e6:.2f} million x rank {LORA_RANK} x {size} bytes",
    )


def _activations(shapes: Architecture, parameters: Any, size: int) -> Term:
    """The widest moment of a layer: state, its norm and sum, and three of the feed-forward."""
    tokens = int(parameters.get("max_num_batched_tokens", BATCHED_TOKENS))
    width = 3 * (shapes.hidden + shapes.intermediate)
    return Term(
        "activations, language",
        tokens * width * size,
        f"{tokens:,} tokens x 3 x ({shapes.hidden:,} + {shapes.intermediate:,}) x {size} bytes, "
        "estimate",
    )


def _vision(shapes: Architecture, hikari: ClassifierConfig | DescriberConfig, size: int) -> Term:
    """The same of the vision tower, with every picture of a prompt at once."""
    side = hikari.preprocessing.max_side or 4096  # what Qwen's processor allows at most
    patches = hikari.limits.max_images * (side // shapes.patch) ** 2
    width = 3 * shapes.vision_hidden + 2 * shapes.vision_intermediate
    return Term(
        "activations, vision",
        patches * width * size,
        f"{patches:,} patches x (3 x {shapes.vision_hidden:,} + 2 x "
        f"{shapes.vision_intermediate:,}) x {size} bytes, estimate",
    )


def _request(shapes: Architecture, hikari: ClassifierConfig | DescriberConfig, kept: int) -> Term:
    limits = hikari.limits
    thoughts = MAX_THINKING if hikari.thinking == "natural" else 0
    tokens = limits.max_context_tokens + thoughts + limits.max_new_tokens
    return Term(
        "KV cache of a request",
        2 * shapes.layers * shapes.kv_heads * shapes.head_dim * kept * tokens,
        f"2 x {shapes.layers} layers x {shapes.kv_heads} heads x {shapes.head_dim} x {kept} bytes "
        f"x {tokens:,} tokens",
    )


def _stored_quantization(config: Path) -> str | None:
    """How weights on this machine are quantised already."""
    if not config.exists():
        return None
    method = json.loads(config.read_bytes()).get("quantization_config", {}).get("quant_method")
    return None if method is None else str(method)
