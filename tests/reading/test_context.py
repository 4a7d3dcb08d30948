"""What the sentence behind says of the names before it."""

import pytest

from hikari_serve.reading.reader import Reader

READER = Reader({"psoriasis": ("Psoriasis",)})

BARE = {
    "Psoriasis. Ruled out.": "denied",
    "Psoriasis; excluded.": "denied",
    "Psoriasis.\nNot seen": "denied",
    "Diagnosis: psoriasis. Excluded by biopsy.": "denied",
    "Psoriasis. (Clinically excluded.)": "denied",
    "Psoriasis. No.": "denied",
    "No psoriasis. Excluded.": "denied",
    "Psoriasis. Possible.": "open",
    "Psoriasis. To be confirmed.": "open",
    "Psoriasis. Cannot be excluded.": "open",
    "Possible psoriasis. Confirmed.": "affirmed",
    "Psoriasis. Severe.": "affirmed",
    # of something else, or asked
    "Psoriasis. Not seen on the palms.": "affirmed",
    "Psoriasis. Negative for fungi.": "affirmed",
    "Psoriasis. Pustules: absent.": "affirmed",
    "Psoriasis. Absent scale.": "affirmed",
    "Psoriasis. Does not itch.": "affirmed",
    "Psoriasis. Excluded?": "affirmed",
    "Psoriasis. Excluded: melanoma.": "affirmed",
}


@pytest.mark.parametrize(("text", "stance"), BARE.items())
def test_a_bare_verdict_is_of_the_names_before_it(text: str, stance: str) -> None:
    assert [said.stance for said in READER.read(text) if said.disease.label] == [stance]


def test_a_bare_verdict_is_of_each_name_of_the_sentence_before_it() -> None:
    said = READER.read("A papule. Psoriasis and eczema. Ruled out. This is rosacea.")
    assert [each.stance for each in said] == ["denied", "denied", "affirmed"]
