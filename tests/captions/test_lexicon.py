import pytest

from hikari_serve.captions.lexicon import Lexicon
from hikari_serve.labels.label_set import LabelSet

SETS = ["card", "skincap"]


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("with_aliases", [True, False])
def test_every_label_is_found_as_itself(name: str, with_aliases: bool) -> None:
    labels = LabelSet.shipped(name).labels
    lexicon = Lexicon({x.id: (x.name, *(x.aliases if with_aliases else ())) for x in labels})
    for label in labels:
        for word in (label.name, label.answer, *label.aliases):
            found = list(lexicon.find(f"Consistent with {word}; a biopsy is advised."))
            assert [each.label for each in found] == [label.id], word


def test_a_disease_of_another_set_is_none_of_ours() -> None:
    lexicon = Lexicon({"psoriasis": ("Psoriasis",)})
    found = list(lexicon.find("Psoriasis, lichen planus or melanocytic nevi."))
    assert [each.label for each in found] == ["psoriasis", None, None]


def test_the_longest_name_counts() -> None:
    lexicon = Lexicon({"urticaria": ("Urticaria",)})
    assert [each.label for each in lexicon.find("Urticaria pigmentosa.")] == [None]
