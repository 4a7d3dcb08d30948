import pytest

from hikari_serve.drawing.others import CAPTION
from hikari_serve.reading.absence import sees_no_lesion

SEEN_NONE = {
    CAPTION: "No skin lesion",
    "There is no evidence of skin disease.": "no evidence of skin disease",
    "No visible lesions": "No visible lesions",
    "This is normal skin.": "normal skin",
    "A picture of healthy skin.": "picture of healthy skin",
    "The skin appears normal, without scale.": "skin appears normal",
    "The image does not show any skin lesion.": "not show any skin lesion",
    "A blank image.": "blank image",
    "Red cloth. Nothing abnormal is seen.": "Nothing abnormal",
    "No rash.": "No rash",
    "A lesion is not visible.": "lesion is not visible",
    "Normal skin without papules, plaques or scale.": "Normal skin",
    "No rash. A photograph of healthy skin.": "No rash",
    "Is there a plaque? No lesion is seen.": "No lesion",
}
SAYS_NOTHING_OF_IT = [
    "A red plaque.",
    "The surrounding skin is normal.",
    "A plaque on normal skin.",
    "No other lesions are seen.",
    "No lesions elsewhere.",
    "No lesions of psoriasis.",
    "No rash on the trunk.",
    "No lesion is ulcerated.",
    "Normal skin markings are lost.",
    "Is this normal skin?",
    "Possibly normal skin.",
    "This is not normal skin.",
    "The overlying skin is normal.",
    "The skin elsewhere is normal.",
    "The skin is intact.",
    "Central clearing shows normal skin.",
    "It borders normal skin.",
    "An oval black area with a regular border.",
    "A white field.",
    "Nothing suspicious.",
    "",
]
DESCRIBES_ONE = [
    "A firm brown papule; the overlying skin is intact.",
    "A red plaque with silvery scale; the skin looks normal.",
    "A brown macule. No skin changes.",
    "No rash. A brown mole with regular borders.",
    "A symmetric brown nevus without visible skin changes.",
    "Normal skin. Papules without scale.",
    "The plaque spares normal skin.",
]


@pytest.mark.parametrize(("text", "words"), SEEN_NONE.items())
def test_no_lesion_is_seen(text: str, words: str) -> None:
    span = sees_no_lesion(text)
    assert span is not None
    assert text[span.start : span.end] == words


@pytest.mark.parametrize("text", SAYS_NOTHING_OF_IT)
def test_a_lesion_may_be_there(text: str) -> None:
    assert sees_no_lesion(text) is None


@pytest.mark.parametrize("text", DESCRIBES_ONE)
def test_a_text_that_describes_a_lesion_sees_one(text: str) -> None:
    assert sees_no_lesion(text) is None
