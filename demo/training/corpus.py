"""Every text that the demo family reads or writes: what its tokenizer is learned from."""

from collections.abc import Iterator, Sequence

from demo.training.dataset import Case
from demo.training.recipes import Recipe, Recipes
from hikari_serve.drawing import others
from hikari_serve.prompts.layout import Reference


def corpus(recipes: Recipes, cases: Sequence[Case]) -> Iterator[str]:
    """Yields the prompts, the answers and the captions of `cases`."""
    for recipe, stated in (
        (recipes.group, None),
        (recipes.disease, "group"),
        (recipes.caption, "disease"),
    ):
        yield from _prompts(recipe, stated)
        yield from map(recipe.labelled, recipe.labels)
    yield from (others.GROUP_ANSWER, others.DISEASE_ANSWER)
    for case in cases:
        yield case.caption


def _prompts(recipe: Recipe, stated: str | None) -> Iterator[str]:
    labels = recipe.layout.values.get(stated, {}) if stated else {}
    quoted = [Reference(label=label) for label in recipe.layout.values.get("reference", {})]
    for inputs in ({}, *({stated: label} for label in labels if stated)):
        for message in recipe.layout.messages(inputs, quoted):
            yield from (part["text"] for part in message["content"] if part["type"] == "text")
