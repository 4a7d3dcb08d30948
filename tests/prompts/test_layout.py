"""Message layouts give each checkpoint the order that it was trained on."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from hikari_serve.errors import InvalidInput
from hikari_serve.prompts.layout import PromptLayout, Reference
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import ClassifierConfig

REPOSITORY = Repository(Path(__file__).parents[2] / "models")


def disease() -> PromptLayout:
    hikari = REPOSITORY.config("demo_disease").hikari
    assert isinstance(hikari, ClassifierConfig)
    return hikari.prompt


def kinds(layout: PromptLayout, inputs: dict[str, str], cases: int) -> list[str]:
    quoted = [Reference(label="psoriasis", caption="Plaques.")] * cases
    (message,) = layout.messages(inputs, quoted)
    return [part.get("text", "<image>")[:24] for part in message["content"]]


def test_without_references_the_picture_comes_first() -> None:
    assert kinds(disease(), {}, 0) == ["<image>", "Carefully examine this d"]
    assert disease().image_order({}, 0) == [None]


def test_references_come_before_the_query_in_their_order() -> None:
    assert kinds(disease(), {"group": "benign"}, 2) == [
        "Here are similar referen",
        "<image>",
        "Reference 1: psoriasis\nD",
        "<image>",
        "Reference 2: psoriasis\nD",
        "\nNow, identify the disea",
        "<image>",
        "This skin lesion belongs",
    ]
    assert disease().image_order({"group": "benign"}, 2) == [0, 1, None]


def test_a_label_is_put_into_the_words_that_the_weights_know() -> None:
    (message,) = disease().messages({"group": "malignant"})
    assert "the group 'Malignant Skin Tumors'." in message["content"][-1]["text"]


def test_a_label_without_words_is_refused() -> None:
    with pytest.raises(InvalidInput, match="'rash' is not one of inflammatory, benign"):
        disease().messages({"group": "rash"})
    with pytest.raises(InvalidInput, match=r"'x{100}…' is not one of inflammatory, benign"):
        disease().messages({"group": "x" * 60_000})


def test_what_no_when_asks_for_is_needed() -> None:
    assert disease().inputs == {"group"}
    assert not disease().needs
    told = PromptLayout.model_validate(
        {
            "id": "x",
            "parts": [{"image": "query"}, {"text": "{group}"}, {"when": "age", "text": "{age}"}],
            "values": {"group": "groups"},
        }
    )
    assert told.needs == {"group"}
    assert told.longest(told.inputs) == {"group": "inflammatory", "age": ""}
    with pytest.raises(InvalidInput, match="input 'group' is missing: the prompt needs it"):
        told.messages({"age": "40"})
    assert told.messages(told.longest(told.needs))


def test_a_part_is_one_thing() -> None:
    with pytest.raises(ValidationError, match="exactly one of"):
        PromptLayout.model_validate({"id": "x", "parts": [{"text": "a", "image": "query"}]})
