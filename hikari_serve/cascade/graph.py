"""The graph of a cascade: its stages, and which of them wait for which.

`wiring` reads it from a configuration; `execution` runs it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hikari_serve.errors import InvalidInput
from hikari_serve.pictures.view import Preprocessing
from hikari_serve.quoting import quoted
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.schema import CascadeConfig


@dataclass(frozen=True, slots=True)
class Wire:
    """An input's source: an output tensor of another stage's model."""

    stage: str
    tensor: str


@dataclass(frozen=True, slots=True)
class Node:
    """A stage of a cascade.

    Attributes:
        name: The stage's name, from its output tensors.
        config: The model that it runs.
        version: Its version; None is the newest.
        inputs: The model's inputs that earlier stages fill.
        outputs: For each name that the cascade gives an output, the model's own name of it.
        description: The model's input that takes the request's words about the picture, if any.
        digests: What the model must have been made of where it runs, as `Item.digests` says it.
    """

    name: str
    config: ModelConfig
    version: int | None
    inputs: Mapping[str, Wire]
    outputs: Mapping[str, str]
    description: str | None = None
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The model's kind."""
        return self.config.hikari.kind

    @property
    def preprocessing(self) -> Preprocessing:
        """How the picture is made into the model's view."""
        assert not isinstance(self.config.hikari, CascadeConfig)
        return self.config.hikari.preprocessing


@dataclass(frozen=True, slots=True)
class Graph:
    """The stages of a cascade.

    Attributes:
        nodes: The stages; each comes after those that it waits for.
        steps: Their names in the order in which the configuration lists them.
        headline: The stage whose answer the cascade stands for, and which its rule judges; empty
            where one stage is asked alone.
    """

    nodes: tuple[Node, ...]
    steps: tuple[str, ...]
    headline: str

    def node(self, name: str) -> Node:
        """The stage of that name."""
        return next(node for node in self.nodes if node.name == name)

    def alone(self, stage: str, version: int | None) -> "Graph":
        """One stage, which takes nothing of the others.

        Args:
            stage: Its name.
            version: Of its model; None is the cascade's own.
        """
        node = self.node(stage)
        node = replace(node, version=version or node.version, inputs={}, description=None)
        return Graph((node,), (stage,), headline="")

    def part(self, until: str | None, *, retrieve: bool = True) -> "Graph":
        """The part of the graph that a request asks for.

        Args:
            until: The stage that is listed last among those that run, besides what they wait
                for; None runs all.
            retrieve: Whether cases are retrieved at all.

        Raises:
            InvalidInput: The cascade has no such stage, or no case is wanted of a stage that only
                retrieves them.
        """
        kept = needed = set(self.steps)
        if until is not None:
            if until not in self.steps:
                raise InvalidInput(
                    f"until is '{quoted(until)}', but this cascade has {', '.join(self.steps)}"
                )
            kept = set(self.steps[: self.steps.index(until) + 1])
            for node in reversed(self.nodes):
                if node.name in kept:
                    kept |= {wire.stage for wire in node.inputs.values()}
            nodes = [node for node in self.nodes if node.name in kept]
            needed = {until, *(wire.stage for node in nodes for wire in node.inputs.values())}
        kept = {
            node.name
            for node in self.nodes
            if node.name in kept and (node.kind != "retrieve" or (retrieve and node.name in needed))
        }
        if not kept or until not in {None, *kept}:
            asked = f"until is '{until}', which" if until else "this cascade"
            raise InvalidInput(f"{asked} retrieves cases, and references is 0: ask for some")
        return replace(self, nodes=tuple(node for node in self.nodes if node.name in kept))
