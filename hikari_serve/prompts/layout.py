"""Message layouts: from a model's configuration and a request's inputs to chat messages.

A layout is data that belongs to the weights, because a checkpoint answers well only to the
order of pictures and words that it was trained with. The chat template of the checkpoint's own
tokenizer turns the messages into text afterwards.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import compress, product
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from hikari_serve.errors import ConfigError, InvalidInput
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.prompts.template import names_in
from hikari_serve.quoting import quoted

Message = dict[str, Any]
"""One turn of a chat as transformers' chat templates read it."""

REFERENCE = "reference"
"""The key of `PromptLayout.values` for the labels of retrieved cases."""


class Reference(BaseModel):
    """The words of a retrieved case, as a prompt quotes them.

    Attributes:
        label: The disease of the case.
        caption: Its clinical description; may be empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    caption: str = ""


class Part(BaseModel):
    """One part of the user's turn: a text, a picture, or a group repeated for each reference.

    Attributes:
        text: Words; `{name}` stands for an input, and inside `each` also `{index}` (from 1),
            `{label}` and `{caption}`.
        image: Whose picture comes here.
        each: Repeat `parts` for each reference.
        parts: What is repeated.
        when: Keep this part only if that input (or `references`) was given; inside `each` also
            only if the case has it, such as `caption`.
        unless: Keep this part only if it was not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str | None = None
    image: Literal["query", "reference"] | None = None
    each: Literal["references"] | None = None
    parts: tuple["Part", ...] = ()
    when: str | None = None
    unless: str | None = None

    @field_validator("text")
    @classmethod
    def _quotes_names(cls, text: str | None) -> str | None:
        names_in(text or "")
        return text

    @model_validator(mode="after")
    def _one_kind(self) -> "Part":
        kinds = [self.text is not None, self.image is not None, self.each is not None]
        if sum(kinds) != 1:
            raise ValueError("a part is exactly one of: text, image, each")
        if (self.each is not None) != bool(self.parts):
            raise ValueError("`each` and `parts` go together")
        if any(part.each is not None or part.image == "query" for part in self.parts):
            raise ValueError("inside `each` stand texts and `image: reference` alone")
        if any(part.image is not None and (part.when or part.unless) for part in self.parts):
            raise ValueError("inside `each` a picture takes no `when` or `unless`")
        return self


class PromptLayout(BaseModel):
    """What one model is asked, in the order in which it was trained to read it.

    Attributes:
        id: Name of the prompt.
        parts: The parts of the single user turn.
        values: For an input that is a label, the words that the prompt uses for each label id;
            a label set of this package (or a list of them) stands for its trained answers. The
            key `reference` does the same for the labels of retrieved cases. An input without an
            entry here is quoted as it came, and so is a case's label that has no words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    parts: tuple[Part, ...]
    values: Mapping[str, Mapping[str, str]] = {}

    @field_validator("values", mode="before")
    @classmethod
    def _read_label_sets(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        return {name: _words_of(words) for name, words in values.items()}

    @model_validator(mode="after")
    def _shows_the_picture(self) -> "PromptLayout":
        if any(part.image == "reference" for part in self.parts):
            raise ValueError("`image: reference` stands inside `each`, where it is one case's")
        shown = [part for part in self.parts if part.image == "query"]
        asked = sorted({name for part in shown for name in (part.when, part.unless) if name})
        for chosen in product((False, True), repeat=len(asked)):
            given = set(compress(asked, chosen))
            if not any(_is_kept(part, given) for part in shown):
                # the model would answer what it was told, and surely, whatever the picture is
                told = f" with {' and '.join(sorted(given))} given" if given else ""
                raise ValueError(f"no part shows the picture{told}: write `- image: query`")
        return self

    @property
    def inputs(self) -> frozenset[str]:
        """The inputs of words that the layout quotes, or keeps a part for."""
        return frozenset(name for part in self.parts for name in _asked(part))

    @property
    def needs(self) -> frozenset[str]:
        """Those of them that it cannot do without: quoted where no `when` asks for them."""
        return frozenset(name for part in self.parts for name in _needed(part))

    @property
    def quotes_cases(self) -> bool:
        """Whether retrieved cases have a place in it."""
        return any(part.each is not None for part in self.parts)

    @property
    def quotes_captions(self) -> bool:
        """Whether their captions have."""
        return any("caption" in _quoted(inner) for part in self.parts for inner in part.parts)

    @property
    def shows_cases(self) -> bool:
        """Whether their pictures have."""
        return any(slot is not None for slot in self.image_order({}, 1))

    @property
    def version(self) -> str:
        """Id and content digest of the layout, for provenance."""
        content = hashlib.sha256(self.model_dump_json().encode()).hexdigest()
        return f"{self.id}@{content[:12]}"

    def messages(
        self, inputs: Mapping[str, str], references: Sequence[Reference] = ()
    ) -> list[Message]:
        """Lays out one request as chat messages.

        The pictures are left as slots (`{"type": "image"}`); `image_order` says whose they are.

        Raises:
            InvalidInput: An input is a label that this prompt has no words for, or one that it
                needs is not there.
        """
        missing = sorted(self.needs - set(inputs))
        if missing:
            raise InvalidInput(f"input '{missing[0]}' is missing: the prompt needs it")
        content: list[Message] = []
        for part, scope in self._walk(inputs, references):
            if part.image is not None:
                content.append({"type": "image"})
            elif part.text is not None:
                content.append({"type": "text", "text": part.text.format_map(scope)})
        return [{"role": "user", "content": content}]

    def image_order(self, inputs: Mapping[str, str], references: int) -> list[int | None]:
        """Whose picture fills each slot: the index of a reference, or None for the query."""
        blank = [Reference(label="")] * references
        order: list[int | None] = []
        for part, scope in self._select(inputs, blank):
            if part.image is not None:
                order.append(None if part.image == "query" else int(scope["index"]) - 1)
        return order

    def _walk(
        self, inputs: Mapping[str, str], references: Sequence[Reference]
    ) -> Iterator[tuple[Part, Mapping[str, str]]]:
        worded = {name: self._words(name, value) for name, value in inputs.items()}
        cases = [
            case.model_copy(update={"label": self.case_label(case.label)}) for case in references
        ]
        return self._select(worded, cases)

    def _select(
        self, inputs: Mapping[str, str], references: Sequence[Reference]
    ) -> Iterator[tuple[Part, Mapping[str, str]]]:
        given = set(inputs) | ({"references"} if references else set())
        for part in self.parts:
            if not _is_kept(part, given):
                continue
            if part.each is None:
                yield part, inputs
                continue
            for index, case in enumerate(references, start=1):
                scope = {**inputs, "index": str(index), **case.model_dump()}
                there = given | {name for name, value in scope.items() if value}
                for inner in part.parts:
                    if _is_kept(inner, there):
                        yield inner, scope

    def longest(self, names: Iterable[str]) -> dict[str, str]:
        """For each input the label whose words are longest; the empty word where any will do."""
        tables = {name: self.values.get(name, {"": ""}) for name in names}
        return {
            name: max(words, key=lambda label: len(words[label]), default="")
            for name, words in tables.items()
        }

    def case_label(self, label: str) -> str:
        """The words for a case's label, which may be any, whatever the model can answer."""
        return self.values.get(REFERENCE, {}).get(label, label)

    def _words(self, name: str, value: str) -> str:
        table = self.values.get(name)
        if table is None:
            return value
        if value not in table:
            known = ", ".join(table)
            raise InvalidInput(f"input '{name}': '{quoted(value)}' is not one of {known}")
        return table[value]


CASE_WORDS = frozenset({"index", *Reference.model_fields})
"""What a part inside `each` may quote of its case."""


def _asked(part: Part, given: frozenset[str] = frozenset({"references"})) -> Iterator[str]:
    """The names that a part needs and that are not `given`."""
    yield from {*_quoted(part), *filter(None, (part.when, part.unless))} - given
    for inner in part.parts:
        yield from _asked(inner, given | CASE_WORDS)


def _needed(part: Part, given: frozenset[str | None] = frozenset()) -> Iterator[str]:
    """The names that a part quotes whether or not they were `given`."""
    given |= {part.when}
    yield from set(_quoted(part)) - given
    for inner in part.parts:
        yield from _needed(inner, given | CASE_WORDS)


def _quoted(part: Part) -> Iterator[str]:
    """The names that the words of a part quote."""
    yield from names_in(part.text or "")


def _is_kept(part: Part, given: set[str]) -> bool:
    return (part.when is None or part.when in given) and part.unless not in given


def _words_of(words: Any) -> Any:
    """The answers of the label sets that `words` names; anything else is left as it is."""
    sets = [words] if isinstance(words, str) else words
    if not isinstance(sets, list):
        return words
    try:
        labels = [label for name in sets for label in LabelSet.shipped(name).labels]
    except ConfigError as error:
        raise ValueError(error.message) from None
    return {label.id: label.answer for label in labels}
