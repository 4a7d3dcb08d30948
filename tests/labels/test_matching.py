from pathlib import Path

import pytest
import yaml

from hikari_serve.errors import ConfigError
from hikari_serve.labels.label_set import SHIPPED, LabelSet
from hikari_serve.labels.matching import CUT, match_label

OUTPUTS = yaml.safe_load(Path(__file__).with_name("outputs.yaml").read_text())
ROWS = [(name, text, label) for name, rows in OUTPUTS.items() for text, label in rows.items()]


@pytest.mark.parametrize(("name", "text", "label"), ROWS)
def test_outputs_come_out_right_or_unknown(name: str, text: str, label: str | None) -> None:
    found = match_label(text, LabelSet.shipped(name))
    assert found.label == label
    assert (found.how == "unknown") == (label is None)


def test_the_cut_lies_between_typing_mistakes_and_other_diseases() -> None:
    found = [(match_label(text, LabelSet.shipped(name)), label) for name, text, label in ROWS]
    right = min(match.score for match, label in found if label is not None)
    wrong = max(match.score for match, label in found if label is None)
    assert wrong + 3 <= CUT <= right - 2


@pytest.mark.parametrize("name", SHIPPED)
def test_every_name_answer_and_alias_is_its_own_label(name: str) -> None:
    labels = LabelSet.shipped(name)
    for label in labels.labels:
        for words in (label.id, label.name, label.answer, *label.aliases):
            assert match_label(words, labels).label == label.id, words


def test_an_unknown_set_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match="there is no label set 'icd'; there are card, skincap"):
        LabelSet.shipped("icd")


@pytest.mark.parametrize("name", ["group", "disease"])
def test_the_demo_models_answer_with_the_shipped_words(name: str) -> None:
    shipped = LabelSet.shipped({"group": "groups", "disease": "card"}[name])
    own = LabelSet.read(Path("models", f"demo_{name}", "labels.yaml"))
    facts = [(label.id, label.name, label.answer, label.group) for label in own.labels]
    assert facts == [(each.id, each.name, each.answer, each.group) for each in shipped.labels]
