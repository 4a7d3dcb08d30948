"""The label sets that are scored, and how far the checkpoint makes an engine read them.

A trained model finds some label likely, and an engine reads that on to its end. To random weights
none is, so the checkpoint is biased: of each label set the tokens that tell its first label from
the others are all as likely as one another, wherever they may stand, and no other token is.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from hikari_serve.engines.chat import Chat
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.labels.trie import AnswerTrie, TokenPath
from hikari_serve.prompts.shipped import find_prompt
from hikari_serve.repository.schema import ClassifierConfig, DescriberConfig
from hikari_serve.yaml_file import read_yaml

Settings = ClassifierConfig | DescriberConfig

NEVER_LOG = -20.0
"""The log of a probability that no engine reads on behind."""


def read_settings(folder: Path) -> Settings:
    """What a model's `config.yaml` says under `hikari:`.

    The library's own reader also reads the part for Triton, with a package that a bare machine
    lacks.
    """
    part: dict[str, Any] = read_yaml(folder / "config.yaml", needed="it is asked")["hikari"]
    if isinstance(part["prompt"], str):
        part["prompt"] = find_prompt(part["prompt"], folder)
    adapter: TypeAdapter[Settings] = TypeAdapter(Settings)
    return adapter.validate_python(part)


def read_trie(folder: Path, settings: ClassifierConfig, chat: Chat) -> AnswerTrie:
    """A classifier's answers, in the tokens of a checkpoint."""
    labels = LabelSet.find(settings.labels, folder).labels
    return chat.answer_trie([settings.answer.format(label=label.answer) for label in labels])


def likely_tokens(tries: Iterable[AnswerTrie], never: Iterable[int]) -> frozenset[int]:
    """Tokens that the checkpoint finds likely.

    Args:
        tries: The label sets.
        never: Tokens that it never chooses.
    """
    told = {
        token
        for trie in tries
        for depth, token in enumerate(trie.answers[0])
        if depth < len(trie.prefix) or len(trie.nexts[trie.answers[0][:depth]]) > 1
    }
    return frozenset(told.difference(never))


def read_on(trie: AnswerTrie, likely: frozenset[int]) -> int:
    """How many passes an engine takes for a label set behind the first."""
    log = -math.log(len(likely))
    read: dict[TokenPath, float] = {}

    def note(place: TokenPath) -> None:
        for token in trie.nexts[place]:
            read[*place, token] = log if token in likely else NEVER_LOG

    common = len(trie.prefix)
    for depth in range(common + 1):
        note(trie.prefix[:depth])
    passes = 0
    while paths := trie.onward(read):
        passes += 1
        for path in paths:
            for depth in range(common, len(path)):
                note(path[: depth + 1])
    return passes
