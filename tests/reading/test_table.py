"""The reader against sentences that somebody wrote who had not seen it."""

from pathlib import Path

import yaml

from hikari_serve.labels.label_set import LabelSet
from hikari_serve.reading.absence import sees_no_lesion
from hikari_serve.reading.reader import Reader

ROWS = yaml.safe_load(Path(__file__).with_name("sentences.yaml").read_text())
LABELS = {
    label.id: (label.name, *label.aliases)
    for name in ("card", "skincap")
    for label in LabelSet.shipped(name).labels
}
IDS = {words.casefold(): label for label, names in LABELS.items() for words in names}
READER = Reader(LABELS)

OTHERWISE = {
    # A ranked list that says so only beside its first.
    "1. Pityriasis rosea (most likely) 2. Guttate psoriasis 3. Secondary syphilis": "affirmed",
    # A denial of a denial is left open, and so is what only the next half of a sentence denies.
    "It is not true that the patient has no atopic dermatitis.": "open",
    "Atopic dermatitis had been suspected by three different doctors over the last two years; none of them was right.": "open",
    # What is unlikely, or unlike what is seen, is denied: a caption that says so contradicts.
    "Unlike urticaria, individual lesions here last longer than 24 hours.": "denied",
    "Psoriasis is unlikely given the normal nails and scalp.": "denied",
    "Photodermatoses seem improbable since covered skin is involved.": "denied",
    # What is only likely does not count as affirmed. The table calls these rows graded.
    "Probable atopic dermatitis.": "open",
    "Likely seborrheic dermatitis of the scalp.": "open",
    "The lesions appear to be skin tags.": "open",
    "Presumed acne vulgaris, mild.": "open",
}
"""The sentences that come out otherwise than the table says, and how."""


def verdict(text: str, label: str) -> str:
    """What a text says of a label over all: `open` where it says nothing or both."""
    said = {each.stance for each in READER.read(text) if each.disease.label == label}
    if sees_no_lesion(text):
        said.add("denied")
    sure = said & {"affirmed", "denied"}
    return sure.pop() if len(sure) == 1 else "open"


def test_the_table_is_broad() -> None:
    assert len(ROWS) >= 200
    assert len({row["kind"] for row in ROWS}) >= 30
    assert {row["expect"] for row in ROWS} == {"affirmed", "denied", "open"}


def test_all_but_the_listed_sentences_come_out_as_the_table_says() -> None:
    found = {row["text"]: verdict(row["text"], IDS[row["about"].casefold()]) for row in ROWS}
    expected = {row["text"]: row["expect"] for row in ROWS}
    assert len(found) == len(ROWS)
    otherwise = {text: said for text, said in found.items() if said != expected[text]}
    assert otherwise == OTHERWISE
    assert len(otherwise) <= 0.03 * len(ROWS)
