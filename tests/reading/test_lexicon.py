import pytest

from hikari_serve.labels.label_set import SHIPPED, LabelSet
from hikari_serve.reading.lexicon import Disease, Lexicon, known_labels
from hikari_serve.reading.sentences import sentences

SETS = ["card", "skincap"]


def named(lexicon: Lexicon, text: str) -> list[Disease]:
    return [name.disease for each in sentences(text) for name in lexicon.find(each.words)]


def labels_in(lexicon: Lexicon, text: str) -> list[str | None]:
    return [disease.label for disease in named(lexicon, text)]


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("with_aliases", [True, False])
def test_every_label_is_found_as_itself(name: str, with_aliases: bool) -> None:
    labels = LabelSet.shipped(name).labels
    lexicon = Lexicon({x.id: (x.name, *(x.aliases if with_aliases else ())) for x in labels})
    for label in labels:
        for word in (label.name, label.answer, *label.aliases):
            assert labels_in(lexicon, f"Consistent with {word}; a biopsy is advised.") == [label.id]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_data_knows_every_word_of_the_shipped_sets(name: str) -> None:
    known = known_labels()
    for label in LabelSet.shipped(name).labels:
        if label.group:  # a disease: groups have none
            words = {label.name.casefold(), label.answer, *label.aliases}
            lexicon = Lexicon({label.id: known[label.id]})
            assert all(labels_in(lexicon, word) == [label.id] for word in words)


def test_a_disease_of_another_set_is_none_of_ours() -> None:
    lexicon = Lexicon({"psoriasis": ("Psoriasis",)})
    assert labels_in(lexicon, "Psoriasis, lichen planus or melanocytic nevi.") == [
        "psoriasis",
        None,
        None,
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Urticaria pigmentosa.",
        "urticaria multiforme",
        "urticaria gigantica",
        "urticarial vasculitis",
    ],
)
def test_the_longest_name_counts_and_a_latin_word_behind_makes_another(text: str) -> None:
    assert labels_in(Lexicon({"urticaria": ("Urticaria",)}), text) == [None]


def test_what_is_malignant_is_another_disease() -> None:
    own = Lexicon({"melanocytic_nevi": ("Melanocytic nevi",), "sccis": ("Bowen disease",)})
    for text in ("malignant melanocytic naevus", "malignant moles", "Invasive Bowen's disease"):
        assert named(own, text) == [Disease(None)]


@pytest.mark.parametrize(
    "text", ["naevi", "Mélanocytic-Naevi", "MELANOCYTIC  nevus", "melanocytic\nnevi", "moles"]
)
def test_spellings_and_what_is_broader(text: str) -> None:
    (found,) = named(Lexicon({"melanocytic_nevi": ("Melanocytic nevi",)}), text)
    if "melanocytic" in text.casefold().replace("é", "e"):
        assert found == Disease("melanocytic_nevi")
    else:
        assert found == Disease(None, frozenset({"melanocytic_nevi"}))


def test_a_label_of_ones_own_goes_before_the_data() -> None:
    own = Lexicon({"eczema": ("Eczema",), "long": ("one two three four five six seven eight",)})
    assert labels_in(own, "eczema; one two three four five six seven eight") == ["eczema", "long"]
    assert labels_in(Lexicon({"psoriasis": ("Psoriasis",)}), "eczema") == [None]


@pytest.mark.parametrize(
    "words",
    [
        "parapsoriasis",
        "Antipsoriasised",
        "psoriasisform",
        "atopic",
        "dermatit",
        "a nevusx",
        "scale",
    ],
)
def test_a_part_of_a_word_is_no_name(words: str) -> None:
    found = labels_in(Lexicon({"psoriasis": ("Psoriasis",)}), words)
    assert found in ([], [None])


def test_abbreviations_count_in_capitals() -> None:
    lexicon = Lexicon({"atopic_dermatitis": ("Atopic dermatitis",)})
    assert labels_in(lexicon, "AD, AK; ad hoc") == ["atopic_dermatitis", None]
