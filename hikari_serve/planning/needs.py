"""What one model needs of a GPU's memory, term by term, each with its arithmetic."""

from dataclasses import dataclass

from hikari_serve.engines.checkpoint_config import stored_quantization
from hikari_serve.engines.vllm.budget import Budget
from hikari_serve.errors import ConfigError
from hikari_serve.planning.architecture import SHIPPED, Architecture, read_architecture
from hikari_serve.planning.quantized import LINEAR_BYTES, SAME
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import ClassifierConfig, DescriberConfig
from hikari_serve.repository.weights import base_of, weights_folder
from hikari_serve.tasks.opening import opening_of

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}

LORA_RANK = 16
"""Rank of HIKARI's adapters, by the authors' code."""

PROCESS = 1_000_000_000
"""Bytes that a process on the GPU takes besides, and keeps while it sleeps: its CUDA context, the
libraries' own memory, what the allocator does not give back. An estimate, not measured."""

GRAPHS = 500_000_000
"""Bytes of the CUDA graphs of an engine while it is awake. An estimate, not measured; asleep they
lie in the host's memory (`sleep_mode_offload_cudagraph`)."""


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
        device: Where, by torch's name.
        quantization: Of its weights; None is none.
        architecture: What its shapes were read from.
        budget: The most that the engine is told it may be asked.
        fixed: What it takes whatever it is asked.
        request: KV cache of one item of the longest kind; the requests of its score share it.
    """

    model: str
    engine: str
    device: str
    quantization: str | None
    architecture: str
    budget: Budget
    fixed: tuple[Term, ...]
    request: Term

    @property
    def requests(self) -> int:
        """Items that it may answer at once, by its configuration."""
        return self.budget.calls

    @property
    def weights(self) -> int:
        """Bytes of its weights."""
        return sum(term.bytes for term in self.fixed if term.name.startswith("weights"))

    @property
    def asleep(self) -> int:
        """Bytes of the host's memory that it keeps its weights and graphs in while it sleeps."""
        return self.weights + GRAPHS

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
    if not file.exists():
        file = SHIPPED
    shapes = read_architecture(file)
    try:
        budget = Budget.of(opening_of(config, file.parent))
    except ConfigError as error:
        raise ConfigError(f"model '{config.name}': {error.message}") from error
    quantization = parameters.get("quantization") or stored_quantization(file.parent)
    size = BYTES[hikari.engine.dtype]
    fixed = [
        *_weights(config.name, shapes, quantization, size),
        *([_adapter(shapes, size)] if base else []),
        _activations(shapes, budget, size),
        _vision(shapes, budget, size),
        _scores(shapes, budget, size),
        Term("CUDA graphs", GRAPHS, "estimate"),
        Term("CUDA", PROCESS, "estimate"),
    ]
    kept = 1 if str(parameters.get("kv_cache_dtype", "")).startswith("fp8") else size
    return Need(
        model=config.name,
        engine=config.triton.backend,
        device=hikari.engine.device,
        quantization=quantization,
        architecture=shapes.name,
        budget=budget,
        fixed=tuple(fixed),
        request=_request(shapes, budget, kept),
    )


def _weights(name: str, shapes: Architecture, quantization: str | None, size: int) -> list[Term]:
    known = SAME.get(str(quantization), quantization)
    if known is not None and str(known) not in LINEAR_BYTES:
        raise ConfigError(
            f"model '{name}': its weights are quantised as '{quantization}', but only "
            f"{', '.join(LINEAR_BYTES)} can be planned for"
        )
    each = LINEAR_BYTES.get(known or "", float(size))
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


def _activations(shapes: Architecture, budget: Budget, size: int) -> Term:
    """The widest moment of a layer: state, its norm and sum, and three of the feed-forward."""
    tokens = budget.max_num_batched_tokens
    width = 3 * (shapes.hidden + shapes.intermediate)
    return Term(
        "activations, language",
        tokens * width * size,
        f"{tokens:,} tokens x 3 x ({shapes.hidden:,} + {shapes.intermediate:,}) x {size} bytes, "
        "estimate",
    )


def _vision(shapes: Architecture, budget: Budget, size: int) -> Term:
    """The same of the vision tower, with as many pictures at once as vLLM tries when it starts."""
    each = budget.picture_tokens * shapes.merge**2
    width = 3 * shapes.vision_hidden + 2 * shapes.vision_intermediate
    return Term(
        "activations, vision",
        budget.pictures * each * width * size,
        f"{budget.pictures} pictures x {each:,} patches x (3 x {shapes.vision_hidden:,} + 2 x "
        f"{shapes.vision_intermediate:,}) x {size} bytes, estimate",
    )


def _scores(shapes: Architecture, budget: Budget, size: int) -> Term:
    """The head's output for every request, and its log-probabilities in float32."""
    return Term(
        "log-probabilities",
        budget.max_num_seqs * shapes.vocabulary * (size + 2 * BYTES["float32"]),
        f"{budget.max_num_seqs} requests x {shapes.vocabulary:,} tokens x ({size} + 2 x 4) bytes, "
        "estimate",
    )


def _request(shapes: Architecture, budget: Budget, kept: int) -> Term:
    return Term(
        "KV cache of an item",
        2 * shapes.layers * shapes.kv_heads * shapes.head_dim * kept * budget.max_model_len,
        f"2 x {shapes.layers} layers x {shapes.kv_heads} heads x {shapes.head_dim} x {kept} bytes "
        f"x {budget.max_model_len:,} tokens",
    )
