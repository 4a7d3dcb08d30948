"""From a cascade's `ensemble_scheduling` to its graph, checked from what its models declare.

A step's outputs are named `stage.tensor`, which names the stage; another step that takes
`stage.tensor` as an input waits for it. Whatever would be lost in silence is refused here, with
the file, the field and the nearest name that would be right.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hikari_serve.cascade.graph import Graph, Node, Wire
from hikari_serve.cascade.rule import check_rule
from hikari_serve.errors import ConfigError, HikariError
from hikari_serve.hints import hint
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.repository.config import CONFIG_FILE, ModelConfig
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig, ClassifierConfig, DescriberConfig
from hikari_serve.repository.tensors import DESCRIPTION, IMAGE, OUTPUTS, Tensor, tensor_of

STEP = "triton.ensemble_scheduling.step"
STAGE_NAME = re.compile(r"[a-z][a-z0-9_]*")
"""Settings, metrics and services are named after stages."""


def read_graph(config: ModelConfig, repository: Repository) -> Graph:
    """Reads and checks the graph of a cascade.

    Raises:
        ConfigError: A step names a model, a version, an input or an output that does not exist;
            a wire fits no type, or brings a label that a prompt has no words for; a stage stands
            twice, is used by nobody, or waits for itself; or an output of the cascade is made by
            no step. The message names file and field.
    """
    hikari = config.hikari
    if not isinstance(hikari, CascadeConfig):
        raise ConfigError(f"model '{config.name}' is no cascade: its kind is `{hikari.kind}`")
    path = repository.folder(config.name) / CONFIG_FILE
    taken = {each.name for each in config.triton.input}
    try:
        nodes = [
            _node(f"{STEP}[{at}]", step, repository, taken)
            for at, step in enumerate(config.triton.ensemble_scheduling.step)
        ]
        if not nodes:
            raise ConfigError(f"{STEP}: a cascade has at least one step")
        _check_wires(nodes)
        _check_outputs(config, nodes)
        nodes = [replace(node, digests=_digests(node.config, repository)) for node in nodes]
        steps = [node.name for node in nodes]
        classifiers = [node.name for node in nodes if node.kind == "classify"]
        headline = hikari.headline or (classifiers or steps)[-1]
        if headline not in steps:
            raise ConfigError(
                f"hikari.headline: there is no stage '{headline}'; {hint(headline, steps)}"
            )
        graph = Graph(tuple(_sorted(nodes)), tuple(steps), headline)
        _check_words(nodes, repository)
        check_rule(hikari.abstain, graph, repository)
        return graph
    except ConfigError as error:
        raise ConfigError(f"{path}: {error.message}") from None


def _node(where: str, step: Any, repository: Repository, taken: set[str]) -> Node:
    """Reads one step; what it is wired to is checked when all are known."""
    try:
        config = repository.config(step.model_name)
    except HikariError as error:
        raise ConfigError(f"{where}.model_name: {error.message}") from None
    if isinstance(config.hikari, CascadeConfig):
        raise ConfigError(f"{where}.model_name: a cascade cannot be a step of a cascade")
    inputs, outputs = dict(step.input_map), dict(step.output_map)
    _check_names(f"{where}.input_map", config, inputs, [each.name for each in config.triton.input])
    _check_names(
        f"{where}.output_map", config, outputs, [each.name for each in config.triton.output]
    )
    name = _stage(f"{where}.output_map", outputs.values())
    _check_sources(f"{where}.input_map", config, inputs, taken)
    version: int = step.model_version
    if version > 0 and version not in (there := repository.versions(config)):
        listed = ", ".join(map(str, there)) or "none"
        raise ConfigError(
            f"{where}.model_version: model '{config.name}' has no version {version}, but {listed}"
        )
    made = {tensor.partition(".")[2]: own for own, tensor in outputs.items()}
    if len(made) != len(outputs):
        raise ConfigError(f"{where}.output_map: two outputs have one name")
    return Node(
        name=name,
        config=config,
        version=version if version > 0 else None,
        inputs={
            taker: Wire(*source.partition(".")[::2])
            for taker, source in inputs.items()
            if source not in (IMAGE, DESCRIPTION)
        },
        outputs=made,
        description=next((each for each in inputs if inputs[each] == DESCRIPTION), None),
    )


def _digests(config: ModelConfig, repository: Repository) -> dict[str, str]:
    """What a model is made of: two that differ in it would answer differently."""
    digests = {"config": config.digest}
    if isinstance(config.hikari, ClassifierConfig):
        labels = LabelSet.find(config.hikari.labels, repository.folder(config.name))
        digests["labels"] = labels.version
    return digests


def _stage(where: str, made: Iterable[str]) -> str:
    """The stage that the names of a step's outputs name."""
    parts = [name.partition(".") for name in made]
    stages = {stage for stage, _, _ in parts}
    if len(stages) != 1 or not all(tensor for _, _, tensor in parts):
        raise ConfigError(
            f"{where}: outputs must be named `stage.tensor`, all of one stage, not "
            f"{', '.join(''.join(each) for each in parts) or 'nothing'}"
        )
    stage = stages.pop()
    if not STAGE_NAME.fullmatch(stage):
        raise ConfigError(
            f"{where}: '{stage}' is no name of a stage: small letters, digits and _, a letter first"
        )
    return stage


def _check_sources(
    where: str, config: ModelConfig, inputs: Mapping[str, str], taken: set[str]
) -> None:
    """Checks what a step takes of the request, and that it takes all that it needs."""
    for each in config.triton.input:
        if not each.optional and each.name not in inputs:
            raise ConfigError(f"{where}: input '{each.name}' of {config.name} is not wired")
    for name, source in inputs.items():
        if (name == IMAGE) != (source == IMAGE):
            raise ConfigError(
                f"{where}.{name}: `image` goes to the input `image` and nowhere else, "
                f"not '{source}' to '{name}'"
            )
        if source == DESCRIPTION and DESCRIPTION not in taken:
            raise ConfigError(
                f"{where}.{name}: the cascade takes no `description`: declare it in triton.input"
            )
        if source == DESCRIPTION and name not in config.optional_inputs:
            raise ConfigError(
                f"{where}.{name}: input '{name}' of {config.name} must be optional to take "
                "`description`: requests may lack it"
            )


def _check_names(
    where: str, config: ModelConfig, used: Iterable[str], there: Sequence[str]
) -> None:
    for name in used:
        if name not in there:
            raise ConfigError(
                f"{where}.{name}: model '{config.name}' has no '{name}'; {hint(name, there)}"
            )


def _check_wires(nodes: list[Node]) -> None:
    """Checks each wire's source and type, and replaces the cascade's names by the models' own."""
    names = [node.name for node in nodes]
    for at, node in enumerate(nodes):
        if node.name in names[:at]:
            raise ConfigError(f"{STEP}[{at}].output_map: two steps are stage '{node.name}'")
    by_name = {node.name: node for node in nodes}
    made = {f"{node.name}.{tensor}" for node in nodes for tensor in node.outputs}
    for at, node in enumerate(nodes):
        wires: dict[str, Wire] = {}
        for name, wire in node.inputs.items():
            where, tensor = f"{STEP}[{at}].input_map.{name}", f"{wire.stage}.{wire.tensor}"
            if tensor not in made:
                valid = sorted(made | {IMAGE, DESCRIPTION})
                raise ConfigError(f"{where}: no step makes '{tensor}'; {hint(tensor, valid)}")
            source = by_name[wire.stage]
            wires[name] = own = Wire(wire.stage, source.outputs[wire.tensor])
            _check_type(where, tensor, _given(source, own.tensor), node, name)
            _check_index(where, source, own, node)
        nodes[at] = replace(node, inputs=wires)


def _check_type(where: str, tensor: str, given: Tensor, node: Node, name: str) -> None:
    wanted = next(tensor_of(each) for each in node.config.triton.input if each.name == name)
    if given != wanted:
        raise ConfigError(
            f"{where}: '{tensor}' is {given}, but input '{name}' of {node.config.name} takes "
            f"{wanted}"
        )


def _check_index(where: str, source: Node, wire: Wire, node: Node) -> None:
    """Case ids mean something in one index only."""
    hikari = node.config.hikari
    own = hikari.index if isinstance(hikari, ClassifierConfig) else None
    if wire.tensor == "cases" and own != source.config.name:
        raise ConfigError(
            f"{where}: {node.config.name} reads the cases of `index: {own}`, not those of "
            f"{source.config.name}"
        )


def _check_words(nodes: Sequence[Node], repository: Repository) -> None:
    """Finds labels that a stage may answer and the prompt of the next has no words for."""
    by_name = {node.name: node for node in nodes}
    for at, node in enumerate(nodes):
        hikari = node.config.hikari
        if not isinstance(hikari, ClassifierConfig | DescriberConfig):
            continue
        for name, wire in node.inputs.items():
            table, source = hikari.prompt.values.get(name), by_name[wire.stage].config
            if table is None:
                continue
            where = f"{STEP}[{at}].input_map.{name}"
            if wire.tensor != "label" or not isinstance(source.hikari, ClassifierConfig):
                raise ConfigError(
                    f"{where}: the prompt of {node.config.name} has words for labels here, and "
                    f"`{wire.tensor}` of {source.name} is none"
                )
            labels = LabelSet.find(source.hikari.labels, repository.folder(source.name)).labels
            unworded = [label.id for label in labels if label.id not in table]
            if unworded:
                raise ConfigError(
                    f"{where}: {source.name} may answer '{unworded[0]}', for which the prompt of "
                    f"{node.config.name} has no words: add it to hikari.prompt.values.{name}"
                )


def _check_outputs(config: ModelConfig, nodes: Sequence[Node]) -> None:
    """Compares what the cascade declares with what its steps make, and finds idle stages."""
    made: Mapping[str, Tensor] = {
        f"{node.name}.{tensor}": _given(node, own).of_each_picture
        for node in nodes
        for tensor, own in node.outputs.items()
    }
    for at, output in enumerate(config.triton.output):
        where = f"triton.output[{at}]"
        if output.name not in made:
            raise ConfigError(
                f"{where}.name: no step makes '{output.name}'; {hint(output.name, made)}"
            )
        if tensor_of(output) != made[output.name]:
            raise ConfigError(
                f"{where}: '{output.name}' is {made[output.name]}, not {tensor_of(output)}"
            )
    told = {output.name.partition(".")[0] for output in config.triton.output}
    heard = {wire.stage for node in nodes for wire in node.inputs.values()}
    for at, node in enumerate(nodes):
        if node.name not in told | heard:
            listed = " or ".join(f"'{node.name}.{tensor}'" for tensor in node.outputs)
            raise ConfigError(
                f"{STEP}[{at}]: nothing uses stage '{node.name}': wire {listed} to a step, or "
                "name it in triton.output"
            )


def _given(node: Node, tensor: str) -> Tensor:
    """What a stage's model says of one of its outputs, but that any number of cases is any."""
    declared = next(each for each in node.config.triton.output if each.name == tensor)
    found = tensor_of(declared)
    return OUTPUTS[node.kind][tensor] if tensor == "cases" else found


def _sorted(nodes: Sequence[Node]) -> list[Node]:
    """The nodes in an order in which each comes after those it waits for."""
    done: list[Node] = []
    left = list(nodes)
    while left:
        placed = {node.name for node in done}
        free = [n for n in left if all(wire.stage in placed for wire in n.inputs.values())]
        if not free:
            circle = ", ".join(node.name for node in left)
            raise ConfigError(f"{STEP}: these stages wait for each other: {circle}")
        done += free
        left = [node for node in left if node not in free]
    return done
