"""A model's `config.yaml`: NVIDIA's ModelConfig under `triton:`, our own schema under `hikari:`.

The first part parses into the very message that Triton's clients read; a field of it that this
server does not honour is refused, because a setting that is silently ignored is worse than an
error. Every mistake is reported with the file, the field, and the nearest valid name.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from google.protobuf import json_format
from pydantic import Field, TypeAdapter, ValidationError
from tritonclient.grpc import model_config_pb2

from hikari_serve.errors import ConfigError
from hikari_serve.hints import hint
from hikari_serve.prompts.shipped import find_prompt
from hikari_serve.repository.schema import (
    CascadeConfig,
    ClassifierConfig,
    DescriberConfig,
    Hikari,
    RetrieverConfig,
)
from hikari_serve.repository.tensors import check_tensors
from hikari_serve.yaml_file import read_yaml

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

_HIKARI: TypeAdapter[Hikari] = TypeAdapter(Annotated[Hikari, Field(discriminator="kind")])


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """A parsed `config.yaml`.

    Attributes:
        name: The model's name, which is its folder's.
        triton: The message that Triton's clients are shown.
        hikari: What this server needs to know besides.
        digest: SHA-256 of what the file says, in hexadecimal, however it is laid out.
    """

    name: str
    triton: model_config_pb2.ModelConfig
    hikari: Hikari
    digest: str

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
    parts = read_yaml(path, needed="every model folder needs one")
    if not isinstance(parts, dict) or set(parts) != {"triton", "hikari"}:
        raise ConfigError(f"{path} must have exactly two parts, `triton:` and `hikari:`")
    triton = _parse_triton(path, parts["triton"])
    if triton.name != folder.name:
        raise ConfigError(f"{path}: triton.name is '{triton.name}', its folder '{folder.name}'")
    hikari = _parse_hikari(path, parts["hikari"])
    if isinstance(hikari, CascadeConfig) != (triton.platform == "ensemble"):
        raise ConfigError(f"{path}: kind cascade and platform ensemble go together")
    try:
        check_tensors(triton, hikari)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error.message}") from None
    # of the file and not of what was read from it: the next release reads more fields
    content = json.dumps(parts, sort_keys=True, default=str).encode()
    return ModelConfig(triton.name, triton, hikari, sha256(content).hexdigest())


def _parse_triton(path: Path, part: Any) -> model_config_pb2.ModelConfig:
    if not isinstance(part, Mapping):
        raise ConfigError(f"{path}: triton: must be a mapping of ModelConfig's fields")
    _refuse_unhonoured(path, "triton", "", part)
    try:
        return json_format.ParseDict(part, model_config_pb2.ModelConfig())
    except (json_format.ParseError, TypeError, ValueError, OverflowError) as error:
        # the parser raises the last three of values that it does not look at: `.inf`, for one
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
            near = hint(str(field), HONOURED[message])  # YAML's keys may be numbers
            raise ConfigError(f"{path}: {where}.{field} {why}; {near}")
        _refuse_unhonoured(path, f"{where}.{field}", field, value)
        if field == "ensemble_scheduling" and isinstance(value, Mapping):
            _refuse_unhonoured(path, f"{where}.{field}.step", "step", value.get("step"))


FORMER_TASKS = {
    "group": "classify",
    "disease": "classify",
    "caption": "describe",
    "references": "retrieve",
    "cascade": "cascade",
}
"""What stood as `task` in configurations of former releases, and the kind that it is now."""


def _parse_hikari(path: Path, part: Any) -> Hikari:
    if isinstance(part, dict) and "task" in part and "kind" not in part:
        now = FORMER_TASKS.get(str(part["task"]), "classify, describe, retrieve or cascade")
        raise ConfigError(
            f"{path}: hikari.task: write `kind: {now}` instead; a stage has its name from the "
            "cascade's output tensors"
        )
    if isinstance(part, dict) and isinstance(part.get("prompt"), str):
        try:
            part = {**part, "prompt": find_prompt(part["prompt"], path.parent)}
        except ConfigError as error:
            raise ConfigError(f"{path}: hikari.prompt: {error.message}") from None
    try:
        return _HIKARI.validate_python(part)
    except ValidationError as error:
        first = error.errors()[0]
        kind = part.get("kind") if isinstance(part, dict) else None
        where = ".".join(["hikari", *(str(step) for step in first["loc"] if step != kind)])
        near = ""
        if first["type"] == "extra_forbidden":
            valid = _fields_beside(first["loc"], kind)
            near = f"; {hint(str(first['loc'][-1]), valid)}"
        raise ConfigError(f"{path}: {where}: {first['msg']}{near}") from None


def _fields_beside(loc: tuple[int | str, ...], kind: object) -> set[str]:
    """Names that would have been valid where an unknown field stood."""
    model: Any = next(
        each
        for each in (ClassifierConfig, DescriberConfig, RetrieverConfig, CascadeConfig)
        if kind in each.model_fields["kind"].annotation.__args__  # type: ignore[union-attr]
    )
    for step in loc[1:-1]:
        field = getattr(model, "model_fields", {}).get(step)
        model = field.annotation if field is not None else None
    return set(getattr(model, "model_fields", {}))
