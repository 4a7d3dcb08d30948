"""The graph of a cascade, read from its `ensemble_scheduling`.

A step's outputs are named `stage.field`, which names the stage; another step that takes
`stage.field` as an input waits for it. Steps that do not wait for each other run in parallel.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hikari_serve.errors import ConfigError, InvalidInput
from hikari_serve.pictures.view import Preprocessing
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig

IMAGE, DESCRIPTION = "image", "description"
"""The cascade's own inputs, which every step may take: the picture, and words about it, which a
request may leave out."""

ORDER = ("group", "disease", "caption")
"""What `until` may name, in the order in which a cascade gets there."""


@dataclass(frozen=True, slots=True)
class Wire:
    """An input's source: a field of another stage's output."""

    stage: str
    field: str


@dataclass(frozen=True, slots=True)
class Node:
    """A stage of a cascade.

    Attributes:
        name: The stage's name, from its outputs.
        config: The model that it runs.
        version: Its version; None is the newest.
        inputs: The model's inputs that earlier stages fill.
        description: The model's input that takes the request's words about the picture, if any.
    """

    name: str
    config: ModelConfig
    version: int | None
    inputs: Mapping[str, Wire]
    description: str | None = None

    @property
    def task(self) -> str:
        """The model's task, whose runner hosts it."""
        return self.config.hikari.task

    @property
    def preprocessing(self) -> Preprocessing:
        """How the picture is made into the model's view."""
        assert not isinstance(self.config.hikari, CascadeConfig)
        return self.config.hikari.preprocessing


@dataclass(frozen=True, slots=True)
class Graph:
    """The stages of a cascade; each comes after those it waits for."""

    nodes: tuple[Node, ...]

    @classmethod
    def read(cls, config: ModelConfig, repository: Repository) -> "Graph":
        """Builds the graph of a cascade's configuration.

        Raises:
            ConfigError: A step names a model, an input or an output that does not exist, or the
                steps wait for each other in a circle.
        """
        if not isinstance(config.hikari, CascadeConfig):
            raise ConfigError(f"model '{config.name}' is no cascade: its task is not `cascade`")
        nodes = [
            _node(config.name, step, repository) for step in config.triton.ensemble_scheduling.step
        ]
        names = [node.name for node in nodes]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(f"cascade '{config.name}': two steps are stage '{name}'")
        return cls(tuple(_sorted(config.name, nodes)))

    def until(self, stage: str | None, *, references: bool = True) -> "Graph":
        """The part of the graph that leads to `stage`; None is the whole.

        Args:
            stage: `group`, `disease` or `caption`.
            references: Whether to retrieve cases at all.

        Raises:
            InvalidInput: The cascade has no such stage.
        """
        kept = list(self.nodes)
        if stage is not None:
            names = [node.name for node in kept if node.task in ORDER]
            if stage not in names:
                raise InvalidInput(f"until is '{stage}', but this cascade has {', '.join(names)}")
            last = ORDER.index(next(node.task for node in kept if node.name == stage))
            kept = [n for n in kept if n.task not in ORDER or ORDER.index(n.task) <= last]
        wanted = {wire.stage for node in kept for wire in node.inputs.values()}
        return Graph(
            tuple(
                node
                for node in kept
                if node.task != "references" or (references and node.name in wanted)
            )
        )


def _node(cascade: str, step: object, repository: Repository) -> Node:
    name = step.model_name  # type: ignore[attr-defined]
    version = step.model_version  # type: ignore[attr-defined]
    input_map = dict(step.input_map)  # type: ignore[attr-defined]
    output_map = dict(step.output_map)  # type: ignore[attr-defined]
    config = repository.config(name)
    where = f"cascade '{cascade}', step '{name}'"
    if isinstance(config.hikari, CascadeConfig):
        raise ConfigError(f"{where}: a cascade cannot be a step of a cascade")
    for kind, used, tensors in (
        ("input", input_map, config.triton.input),
        ("output", output_map, config.triton.output),
    ):
        there = {tensor.name for tensor in tensors}
        if wrong := set(used) - there:
            raise ConfigError(
                f"{where}: the model has no {kind} '{min(wrong)}'; "
                f"it has {', '.join(sorted(there))}"
            )
    stages = {value.partition(".")[0] for value in output_map.values()}
    if len(stages) != 1 or not all("." in value for value in output_map.values()):
        raise ConfigError(f"{where}: outputs must be named `stage.field`, all of one stage")
    missing = {t.name for t in config.triton.input if not t.optional} - set(input_map)
    if missing:
        raise ConfigError(f"{where}: input '{min(missing)}' is not wired")
    wires = {
        tensor: Wire(*source.partition(".")[::2])
        for tensor, source in input_map.items()
        if source not in (IMAGE, DESCRIPTION)
    }
    described = next((name for name, source in input_map.items() if source == DESCRIPTION), None)
    if described is not None and described not in config.optional_inputs:
        raise ConfigError(f"{where}: input '{described}' must be optional: requests may lack it")
    return Node(stages.pop(), config, version if version > 0 else None, wires, described)


def _sorted(cascade: str, nodes: list[Node]) -> list[Node]:
    """The nodes in an order in which each comes after those it waits for."""
    names = {node.name for node in nodes}
    done: list[Node] = []
    left = list(nodes)
    while left:
        placed = {node.name for node in done}
        for node in left:
            for wire in node.inputs.values():
                if wire.stage not in names:
                    raise ConfigError(
                        f"cascade '{cascade}': no step makes '{wire.stage}.{wire.field}'"
                    )
        free = [n for n in left if all(wire.stage in placed for wire in n.inputs.values())]
        if not free:
            circle = ", ".join(node.name for node in left)
            raise ConfigError(f"cascade '{cascade}': these stages wait for each other: {circle}")
        done += free
        left = [node for node in left if node not in free]
    return done
