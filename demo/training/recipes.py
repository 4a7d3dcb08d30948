"""What each demo model is asked and answers, read from the configuration that serves it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from hikari_serve.prompts.layout import PromptLayout


@dataclass(frozen=True)
class Recipe:
    """The words of one model.

    Attributes:
        layout: How its prompt is laid out.
        answer: The trained answer, in which `{label}` stands for the words of a label; empty
            for free text.
        labels: The words that the answer uses for each label id; empty for free text.
    """

    layout: PromptLayout
    answer: str
    labels: Mapping[str, str]

    def labelled(self, label: str) -> str:
        """The trained answer for a label id."""
        return self.answer.format(label=self.labels[label])


def read_recipe(folder: Path) -> Recipe:
    """Reads the recipe of the model in `folder` (its `config.yaml` and label file)."""
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))["hikari"]
    labels: dict[str, str] = {}
    if "labels" in config:
        table = yaml.safe_load((folder / config["labels"]).read_text(encoding="utf-8"))
        labels = {str(row["id"]): str(row["answer"]) for row in table["labels"]}
    return Recipe(PromptLayout.model_validate(config["prompt"]), config.get("answer", ""), labels)


@dataclass(frozen=True)
class Recipes:
    """The recipes of the three stages that answer in words."""

    group: Recipe
    disease: Recipe
    caption: Recipe


def read_recipes(models: Path) -> Recipes:
    """Reads the demo recipes of a model repository."""
    return Recipes(
        group=read_recipe(models / "demo_group"),
        disease=read_recipe(models / "demo_disease"),
        caption=read_recipe(models / "demo_caption"),
    )
