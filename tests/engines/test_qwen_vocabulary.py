"""The label sets under the vocabulary of the real weights: how many reads an answer costs."""

import pytest

from benchmarks.qwen import qwen_tokenizer
from hikari_serve.engines.chat import Chat
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.labels.trie import AnswerTrie

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


def test_the_ten_diseases_of_the_weights_need_one_read(chat: Chat) -> None:
    (branch,) = trie(chat, "skincap", DISEASE).branches
    assert branch.path == chat.answer("This image shows")[:3]
    assert len(branch.children) == 10


def test_the_four_groups_need_one_read(chat: Chat) -> None:
    (branch,) = trie(chat, "groups", "{label}").branches
    assert branch.path == ()
    assert len(branch.children) == 4


def test_the_ten_diseases_of_the_card_need_one_read_too(chat: Chat) -> None:
    (branch,) = trie(chat, "card", DISEASE).branches
    assert len(branch.children) == 10
