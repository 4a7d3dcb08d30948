"""A label set: the closed list of answers of a classifier, as data beside its weights."""

import hashlib
import re
from itertools import combinations
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hikari_serve.errors import ConfigError
from hikari_serve.yaml_file import read_model

_SETS = Path(__file__).with_name("sets")
SHIPPED = ("card", "skincap", "groups")
"""Label sets that come with this package: the card's diseases, the weights' own, the groups."""

ID = r"^[a-z][a-z0-9_]*$"
"""The form of a label's id."""

_APART = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"^\s*\d+\s*[.)]\s*")


def plain(text: str) -> str:
    """Lower-case words with single spaces between them: the form in which labels are compared."""
    return _APART.sub(" ", text.replace("'", "").replace("\u2019", "").casefold()).strip()


def unnumbered(text: str) -> str:
    """A text without the number of a list before it: "1. Psoriasis" is "Psoriasis"."""
    return _NUMBER.sub("", text)


class Label(BaseModel):
    """One label.

    Attributes:
        id: Stable identifier in answers and between stages.
        name: The words shown to people.
        answer: What the checkpoint was trained to write for it.
        group: Id of the group it belongs to, for a disease.
        aliases: Other words that mean exactly this label.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=ID)
    name: str
    answer: str
    group: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def own_names(self) -> tuple[str, str, str]:
        """The words that are the label itself, beside its aliases."""
        return self.id, self.name, unnumbered(self.answer)


class LabelSet(BaseModel):
    """The labels of one classifier, in a fixed order.

    Attributes:
        name: Name of the set.
        labels: Its labels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    labels: tuple[Label, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _distinct(self) -> "LabelSet":
        for field in ("id", "answer"):
            values = [getattr(label, field) for label in self.labels]
            double = {value for value in values if values.count(value) > 1}
            if double:
                raise ValueError(f"two labels have the {field} {', '.join(sorted(double))}")
        words = {each.id: {*map(plain, (*each.own_names, *each.aliases))} for each in self.labels}
        for one, other in combinations(words, 2):
            if shared := (words[one] & words[other]) - {""}:
                raise ValueError(f"{one} and {other} are both called '{min(shared)}'")
        return self

    @property
    def version(self) -> str:
        """Name and content digest of the set, for provenance."""
        content = hashlib.sha256(self.model_dump_json().encode()).hexdigest()
        return f"{self.name}@{content[:12]}"

    @classmethod
    def shipped(cls, name: str) -> "LabelSet":
        """Reads a set that comes with this package.

        Raises:
            ConfigError: There is no such set; the message names those there are.
        """
        if name not in SHIPPED:
            raise ConfigError(
                f"there is no label set '{name}'; there are {', '.join(SHIPPED)}, "
                "or a file of your own ending in .yaml"
            )
        return cls.read(_SETS / f"{name}.yaml")

    @classmethod
    def find(cls, name: str, folder: Path) -> "LabelSet":
        """The set that a configuration names: a `.yaml` file beside it, or a shipped set.

        Raises:
            ConfigError: There is no such set or file, or it is wrong.
        """
        return cls.read(folder / name) if name.endswith(".yaml") else cls.shipped(name)

    @classmethod
    def read(cls, path: Path) -> "LabelSet":
        """Reads a label file.

        Raises:
            ConfigError: The file is missing or wrong; the message names file and field.
        """
        return read_model(path, cls, needed="a classifier needs its label file", whole="labels")
