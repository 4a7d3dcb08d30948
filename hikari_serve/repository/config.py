"""A model's `config.yaml`: NVIDIA's ModelConfig under `triton:`, our own schema under `hikari:`.

The first part parses into the very message that Triton's clients read; a field of it that this
server does not honour is refused, because a setting that is silently ignored is worse than an
error. Every mistake is reported with the file, the field, and the nearest valid name.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from google.protobuf import json_format
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from tritonclient.grpc import model_config_pb2

from hikari_serve.cascade.checks import AbstentionRule
from hikari_serve.errors import ConfigError
from hikari_serve.image import Preprocessing
from hikari_serve.prompts import PromptLayout

CONFIG_FILE = "config.yaml"

HONOURED = {
    "": {
        "name", "platform", "backend", "max_batch_size", "input", "output", "version_policy",
        "dynamic_batching", "ensemble_scheduling",
    },
    "input": {"name", "data_type", "dims", "optional"},
    "output": {"name", "data_type", "dims"},
    "dynamic_batching": {"default_queue_policy"},
    "default_queue_policy": {"max_queue_size"},
    "step": {"model_name", "model_version", "input_map", "output_map"},
}  # fmt: skip
"""The ModelConfig fields that change what this server does, by the message they stand in."""

DEFAULT_QUEUE_SIZE = 128


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EngineConfig(_Frozen):
    """How the weights run; which engine it is, Triton's `backend` says.

    Attributes:
        device: `cpu`, `cuda`, `cuda:N` or `mps`; a missing one is an error, never a silent CPU.
        dtype: Precision of weights and arithmetic.
    """

    device: str = Field("cpu", pattern=r"^(cpu|mps|cuda(:\d+)?)$")
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"


class PromptLimits(_Frozen):
    """What one request may cost.

    Attributes:
        max_images: Pictures in a prompt, references included.
        max_context_tokens: Prompt tokens, image tokens included.
        max_new_tokens: Tokens that a generated answer may have.
    """

    max_images: int = Field(1, ge=1)
    max_context_tokens: int = Field(4096, ge=1)
    max_new_tokens: int = Field(256, ge=1)


Verified = Literal["run", "contract", "unrun"]
"""How much of a configuration was seen working: served for real, checked against the engine's
own interface only, or neither."""


class _WeightedModel(_Frozen):
    engine: EngineConfig = EngineConfig()
    preprocessing: Preprocessing = Preprocessing()
    verified: Verified = "unrun"


class _PromptedModel(_WeightedModel):
    prompt: PromptLayout
    limits: PromptLimits = PromptLimits()
    thinking: Literal["natural", "closed"] = "natural"


class ClassifierConfig(_PromptedModel):
    """A stage that names one of a closed set of labels by scoring them.

    Attributes:
        labels: Label file, beside this configuration.
        answer: The answer that the checkpoint was trained to emit, around `{label}`.
        min_label_mass: Below this share of the model's own belief the answer is `unknown`.
        index: Reference model whose cases the prompt may quote.
    """

    task: Literal["group", "disease"]
    labels: str
    answer: str = "{label}"
    decoding: Literal["score"] = "score"
    min_label_mass: float = Field(0.5, ge=0, le=1)
    index: str | None = None


class CaptionConfig(_PromptedModel):
    """A stage that describes the picture in words."""

    task: Literal["caption"]
    decoding: Literal["generate"] = "generate"


class ReferencesConfig(_WeightedModel):
    """A stage that retrieves similar cases.

    Attributes:
        index: Folder of the reference index, inside the version's folder.
        top_k: Cases to retrieve when the request does not say.
        expose: What an answer may show of a case; SkinCAP's licence allows only ids.
    """

    task: Literal["references"]
    index: str = "index"
    top_k: int = Field(3, ge=1)
    expose: Literal["ids", "text", "image"] = "ids"


class CascadeConfig(_Frozen):
    """A graph of stages, itself a model; the graph is Triton's `ensemble_scheduling`.

    Attributes:
        timeout_ms: Deadline of a whole request that names none.
        notice: What every answer must say besides that this is no medical device.
        abstain: When the disease is withheld although the model named one.
        min_quality: A picture whose quality scores below this is refused before any model runs.
    """

    task: Literal["cascade"]
    timeout_ms: int = Field(30_000, ge=1)
    notice: str = ""
    abstain: AbstentionRule = AbstentionRule()
    min_quality: float = Field(0, ge=0, le=1)
    verified: Verified = "unrun"


Hikari = ClassifierConfig | CaptionConfig | ReferencesConfig | CascadeConfig
_HIKARI: TypeAdapter[Hikari] = TypeAdapter(Annotated[Hikari, Field(discriminator="task")])


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """A parsed `config.yaml`.

    Attributes:
        name: The model's name, which is its folder's.
        triton: The message that Triton's clients are shown.
        hikari: What this server needs to know besides.
    """

    name: str
    triton: model_config_pb2.ModelConfig
    hikari: Hikari

    @property
    def queue_size(self) -> int:
        """Requests that may wait before the queue answers `queue_full`."""
        policy = self.triton.dynamic_batching.default_queue_policy
        return policy.max_queue_size or DEFAULT_QUEUE_SIZE

    @property
    def optional_inputs(self) -> frozenset[str]:
        """Inputs that this model answers without, when the stage that makes them failed."""
        return frozenset(tensor.name for tensor in self.triton.input if tensor.optional)


def read_config(folder: Path) -> ModelConfig:
    """Reads and checks the configuration of the model in `folder`.

    Raises:
        ConfigError: The file is missing, is no YAML, or has a wrong field; the message names the
            file, the field and the nearest valid name.
    """
    path = folder / CONFIG_FILE
    try:
        parts = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise ConfigError(f"{path} is missing: every model folder needs one") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(parts, dict) or set(parts) != {"triton", "hikari"}:
        raise ConfigError(f"{path} must have exactly two parts, `triton:` and `hikari:`")
    triton = _parse_triton(path, parts["triton"])
    if triton.name != folder.name:
        raise ConfigError(f"{path}: triton.name is '{triton.name}', its folder '{folder.name}'")
    hikari = _parse_hikari(path, parts["hikari"])
    if isinstance(hikari, CascadeConfig) != (triton.platform == "ensemble"):
        raise ConfigError(f"{path}: task cascade and platform ensemble go together")
    return ModelConfig(triton.name, triton, hikari)


def _parse_triton(path: Path, part: Any) -> model_config_pb2.ModelConfig:
    _refuse_unhonoured(path, "triton", "", part)
    try:
        return json_format.ParseDict(part, model_config_pb2.ModelConfig())
    except json_format.ParseError as error:
        raise ConfigError(f"{path}: triton: {error}") from None


def _refuse_unhonoured(path: Path, where: str, message: str, part: Any) -> None:
    """Walks the raw mapping: a field outside `HONOURED` is a mistake, Triton's own or not."""
    if isinstance(part, list):
        for index, row in enumerate(part):
            _refuse_unhonoured(path, f"{where}[{index}]", message, row)
        return
    if message not in HONOURED or not isinstance(part, Mapping):
        return
    for field, value in part.items():
        if field not in HONOURED[message]:
            real = field in model_config_pb2.ModelConfig.DESCRIPTOR.fields_by_name
            why = "is a Triton field that this server does not honour" if real else "is unknown"
            near = _nearest(field, HONOURED[message])
            raise ConfigError(f"{path}: {where}.{field} {why}{near}")
        _refuse_unhonoured(path, f"{where}.{field}", field, value)
        if field == "ensemble_scheduling" and isinstance(value, Mapping):
            _refuse_unhonoured(path, f"{where}.{field}.step", "step", value.get("step"))


def _parse_hikari(path: Path, part: Any) -> Hikari:
    try:
        return _HIKARI.validate_python(part)
    except ValidationError as error:
        first = error.errors()[0]
        task = part.get("task") if isinstance(part, dict) else None
        where = ".".join(["hikari", *(str(step) for step in first["loc"] if step != task)])
        near = ""
        if first["type"] == "extra_forbidden":
            near = _nearest(str(first["loc"][-1]), _fields_beside(first["loc"], task))
        raise ConfigError(f"{path}: {where}: {first['msg']}{near}") from None


def _fields_beside(loc: tuple[int | str, ...], task: object) -> set[str]:
    """Names that would have been valid where an unknown field stood."""
    model: Any = next(
        kind
        for kind in (ClassifierConfig, CaptionConfig, ReferencesConfig, CascadeConfig)
        if task in kind.model_fields["task"].annotation.__args__  # type: ignore[union-attr]
    )
    for step in loc[1:-1]:
        field = getattr(model, "model_fields", {}).get(step)
        model = field.annotation if field is not None else None
    return set(getattr(model, "model_fields", {}))


def _nearest(name: str, valid: set[str]) -> str:
    close = difflib.get_close_matches(name, sorted(valid), n=1)
    return f"; did you mean `{close[0]}`?" if close else f"; valid are {', '.join(sorted(valid))}"
