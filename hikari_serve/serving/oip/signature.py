"""What a served model takes and gives: its ModelConfig as clients are shown it.

It is what `config.yaml` declares, as it stands there, and what every model of its kind gives
besides. Requests are checked against the very message that clients read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tritonclient.grpc import model_config_pb2

from hikari_serve.cascade.graph import Graph
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.tensors import IMAGE, OUTPUTS, SCORED
from hikari_serve.serving.oip.values import BLANKS

ANSWER, ERROR = "answer", "error"
"""A cascade's whole answer as `/diagnose` gives it, and what is wrong with each item."""

UNTIL, REFERENCES = "until", "references"
"""Inputs of a cascade that are of the whole request, not of each picture."""

MOST_PICTURES = 32
"""In one request to a cascade, which has no `max_batch_size`."""

_DATATYPES = {"TYPE_STRING": "BYTES", "TYPE_FP32": "FP32", "TYPE_INT32": "INT32"}


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output.

    Attributes:
        name: Its name.
        datatype: `BYTES`, `FP32` or `INT32`.
        shape: Its whole shape as metadata tells it; -1 is any length.
        optional: Whether a request may leave it out.
        blank: What stands in it where there is no value.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    optional: bool = False
    blank: bytes | float = b""


@dataclass(frozen=True, slots=True)
class Signature:
    """A model's inputs and outputs.

    Attributes:
        config: The message that clients are shown.
        inputs: By name.
        outputs: By name, in the order in which they are given.
        most: Items of one request.
        of_request: Inputs that are of the whole request, and not of each item.
    """

    config: model_config_pb2.ModelConfig
    inputs: Mapping[str, Port]
    outputs: Mapping[str, Port]
    most: int
    of_request: frozenset[str] = frozenset()

    @property
    def platform(self) -> str:
        """`ensemble` for a cascade, else the engine."""
        return str(self.config.platform or self.config.backend)


def cascade_signature(config: ModelConfig, graph: Graph) -> Signature:
    """What the protocol shows of a cascade."""
    served = _copy(config)
    retrieves = any(node.kind == "retrieve" for node in graph.nodes)
    for name, kind in ((UNTIL, "TYPE_STRING"), (REFERENCES, "TYPE_INT32")):
        if name == UNTIL or retrieves:
            served.input.add(name=name, data_type=_type(kind), dims=[1], optional=True)
    blanks = {
        f"{node.name}.{tensor}": BLANKS[own]
        for node in graph.nodes
        for tensor, own in node.outputs.items()
    }
    for stage, own in _of_classifiers(graph):
        blanks.setdefault(f"{stage}.{own}", BLANKS[own])
        kind = "TYPE_STRING" if own == "decision" else "TYPE_FP32"
        _declare(served, f"{stage}.{own}", kind, [-1])
    for name in (ANSWER, ERROR):
        _declare(served, name, "TYPE_STRING", [-1])
    of_request = frozenset({UNTIL, REFERENCES})
    return _signature(served, blanks, MOST_PICTURES, of_request)


def stage_signature(config: ModelConfig) -> Signature:
    """What the protocol shows of a model that answers alone."""
    served = _copy(config)
    for name, tensor in OUTPUTS[config.hikari.kind].items():
        if name not in SCORED or _scores(config):
            _declare(served, name, tensor.data_type, tensor.dims)
    _declare(served, ERROR, "TYPE_STRING", [1])
    return _signature(served, BLANKS, served.max_batch_size)


def sources(graph: Graph) -> dict[str, tuple[str, str]]:
    """For each output of a stage that a cascade can give, the stage and the model's own name."""
    made = {
        f"{node.name}.{tensor}": (node.name, own)
        for node in graph.nodes
        for tensor, own in node.outputs.items()
    }
    for stage, own in _of_classifiers(graph):
        made.setdefault(f"{stage}.{own}", (stage, own))
    return made


def _of_classifiers(graph: Graph) -> Iterator[tuple[str, str]]:
    for node in graph.nodes:
        if node.kind == "classify":
            numbers = ("probability", "label_mass") if _scores(node.config) else ()
            yield from ((node.name, own) for own in (*numbers, "decision"))


def _scores(config: ModelConfig) -> bool:
    """Whether a classifier's answer has numbers; a label that is read from words has none."""
    return getattr(config.hikari, "decoding", "score") == "score"


def _signature(
    served: model_config_pb2.ModelConfig,
    blanks: Mapping[str, bytes | float],
    most: int,
    of_request: frozenset[str] = frozenset(),
) -> Signature:
    batch = (-1,) if served.max_batch_size else ()

    def shape(dims: list[int]) -> tuple[int, ...]:
        return (*batch, *dims)

    inputs = [
        Port(each.name, _datatype(each), shape(each.dims), each.optional) for each in served.input
    ]
    outputs = [
        Port(each.name, _datatype(each), shape(each.dims), blank=blanks.get(each.name, b""))
        for each in served.output
    ]
    assert inputs[0].name == IMAGE or IMAGE in {each.name for each in inputs}
    return Signature(
        served,
        {each.name: each for each in inputs},
        {each.name: each for each in outputs},
        most,
        of_request,
    )


def _copy(config: ModelConfig) -> model_config_pb2.ModelConfig:
    served = model_config_pb2.ModelConfig()
    served.CopyFrom(config.triton)
    return served


def _declare(served: model_config_pb2.ModelConfig, name: str, kind: str, dims: object) -> None:
    if name not in {each.name for each in served.output}:
        served.output.add(name=name, data_type=_type(kind), dims=dims)


def _type(name: str) -> int:
    value: int = model_config_pb2.DataType.Value(name)
    return value


def _datatype(
    declared: model_config_pb2.ModelInput | model_config_pb2.ModelOutput,
) -> str:
    return _DATATYPES[model_config_pb2.DataType.Name(declared.data_type)]
