"""The label sets under the vocabulary of the real weights: where their answers part."""

import pytest

from benchmarks.qwen import qwen_tokenizer
from hikari_serve.engines.chat import Chat
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.labels.trie import AnswerTrie, TokenPath

DISEASE = "This image shows {label}."


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Chat:
    folder = tmp_path_factory.mktemp("qwen")
    qwen_tokenizer().save_pretrained(folder)
    return Chat(folder)


def trie(chat: Chat, name: str, answer: str) -> AnswerTrie:
    labels = LabelSet.shipped(name).labels
    return chat.answer_trie([answer.format(label=label.answer) for label in labels])


def test_the_ids_are_the_real_ones(chat: Chat) -> None:
    assert chat.image == 151655
    assert chat.stops == {151643, 151645}
    assert chat.closing == (151668, 271)
    assert chat.answer("This image shows psoriasis.") == (
        1986, 2168, 4933, 4726, 91903, 13, 151645,
    )  # fmt: skip


def partings(answers: AnswerTrie) -> dict[TokenPath, int]:
    """Where answers part, and into how many tokens."""
    return {path: len(tokens) for path, tokens in answers.nexts.items() if len(tokens) > 1}


@pytest.mark.parametrize("name", ["skincap", "card"])
def test_the_ten_diseases_part_at_one_place(chat: Chat, name: str) -> None:
    beginning = chat.answer("This image shows")[:3]
    assert partings(trie(chat, name, DISEASE)) == {beginning: 10}


def test_the_four_groups_part_at_their_first_token(chat: Chat) -> None:
    assert partings(trie(chat, "groups", "{label}")) == {(): 4}


@pytest.mark.parametrize(
    ("label", "stranger"),
    [
        ("melanocytic nevi", "melanoma"),
        ("squamous cell carcinoma in situ", "squamous cell carcinoma"),
        ("seborrheic dermatitis", "seborrheic keratosis"),
        ("psoriasis", "psoriatic arthritis"),
        ("lichen planus", "lichen sclerosus"),
    ],
)
def test_what_parts_the_labels_does_not_part_them_from_strangers(
    chat: Chat, label: str, stranger: str
) -> None:
    """Why a label is read to its end: these begin with the token that tells the label apart."""
    own, other = (chat.answer(DISEASE.format(label=name)) for name in (label, stranger))
    assert own[:4] == other[:4]
    assert own != other
