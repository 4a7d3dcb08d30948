"""Whether a cascade's `abstain` rule can ever withhold what it says it does."""

from hikari_serve.cascade.graph import Graph
from hikari_serve.errors import ConfigError
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import AbstentionRule, ClassifierConfig


def check_rule(rule: AbstentionRule, graph: Graph, repository: Repository) -> None:
    """A rule that could never withhold anything would be a promise that is not kept.

    Raises:
        ConfigError: It asks for what no stage of the cascade says; the message names the field.
    """
    named = graph.node(graph.headline).config
    if rule.min_probability and getattr(named.hikari, "decoding", "score") == "generate":
        raise ConfigError(
            f"hikari.abstain.min_probability: '{named.name}' has `decoding: generate`, and words "
            "carry no probability: leave it out, or set `decoding: score` there"
        )
    kinds = {node.kind for node in graph.nodes if node.name != graph.headline}
    for field in sorted(rule.about_cases):
        _need("retrieve" in kinds, field, "retrieves cases to compare with")
    if rule.on_caption_contradiction:
        _need("describe" in kinds, "on_caption_contradiction", "describes the picture")
    for field in ("on_unknown_group", "on_group_contradiction"):
        if getattr(rule, field):
            groups = _groups_are_named(graph, repository)
            _need(groups, field, f"names the groups of the labels of '{graph.headline}'")


def _need(there: bool, field: str, task: str) -> None:
    if not there:
        raise ConfigError(
            f"hikari.abstain.{field}: the cascade has no stage that {task}: leave it out, or add "
            "one"
        )


def _groups_are_named(graph: Graph, repository: Repository) -> bool:
    """Whether the labels of a stage besides the headline are groups of the headline's labels."""
    sets = {
        node.name: LabelSet.find(node.config.hikari.labels, repository.folder(node.config.name))
        for node in graph.nodes
        if isinstance(node.config.hikari, ClassifierConfig)
    }
    if graph.headline not in sets:
        return False
    groups = {label.group for label in sets.pop(graph.headline).labels}
    return any(label.id in groups for other in sets.values() for label in other.labels)
