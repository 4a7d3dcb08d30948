"""A caption against the label: what it names, affirms, denies and leaves open."""

import pytest

from hikari_serve.cascade.consistency import consistency, mentions
from hikari_serve.drawing.cases import draw_cases
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.stage import Classification, Description


def classified(label: str | None, name: str = "card") -> Classification:
    labels = LabelSet.shipped(name).labels
    return Classification(
        label=label,
        display_name=label,
        probability=0.9,
        scores={each.id: 1 / len(labels) for each in labels},
        names={each.id: each.name for each in labels},
        aliases={each.id: each.aliases for each in labels},
        label_mass=1.0,
        decision="answered" if label else "unknown",
    )


def written(text: str, *, cut: bool = False) -> Description:
    return Description(text=text, finish_reason="length" if cut else "stop")


PSORIASIS = classified("psoriasis")

VERDICTS = {
    # affirmed
    "Scaly plaques. Consistent with psoriasis.": "agrees",
    "No scale is seen. Consistent with psoriasis.": "agrees",
    "Without scale, the findings are consistent with psoriasis.": "agrees",
    "No comedones but typical psoriasis.": "agrees",
    "There is no doubt that this is psoriasis.": "agrees",
    "Psoriasis without scale.": "agrees",
    "Psoriasis is most likely.": "agrees",
    "Psoriasis rather than lichen planus.": "agrees",
    "Suggestive of psoriasis; urticaria is ruled out.": "agrees",
    "Consistent with psoriasis. The differential diagnosis includes lichen planus.": "agrees",
    "Consistent with psoriasis. Biopsy is advised to rule out sarcoidosis.": "agrees",
    "This is psoriasis, an inflammatory disease.": "agrees",
    "Psoriasis: a red plaque; the overlying skin is intact.": "agrees",
    # another disease
    "A soft papule. Consistent with skin tags.": "contradicts",
    "Hives.": "contradicts",
    "Findings suggest Bowen's disease.": "contradicts",
    "Melanocytic nevus.": "contradicts",
    "Squamous-cell carcinomas in situ.": "contradicts",
    "Suspicious for melanoma.": "contradicts",
    "Basal cell carcinoma is likely.": "contradicts",
    "This is psoriatic arthritis.": "contradicts",
    "Chronic eczema.": "contradicts",
    "Parapsoriasis.": "contradicts",
    "Eczema is more likely than psoriasis.": "contradicts",
    "Probable rosacea.": "contradicts",
    # denied
    "This is not psoriasis.": "contradicts",
    "No signs of psoriasis.": "contradicts",
    "No signs of lichen planus or psoriasis.": "contradicts",
    "Lichen planus rather than psoriasis.": "contradicts",
    "Psoriasis is ruled out.": "contradicts",
    "Psoriasis has been excluded.": "contradicts",
    "Psoriasis is unlikely.": "contradicts",
    "The findings are not entirely consistent with psoriasis.": "contradicts",
    "Unlike psoriasis, the surface is smooth.": "contradicts",
    "It isn't psoriasis.": "contradicts",
    "Psoriasis not seen.": "contradicts",
    "Psoriasis was considered but rejected.": "contradicts",
    "The patient denies psoriasis.": "contradicts",
    "No skin lesion is seen in this picture.": "contradicts",
    "This is normal skin.": "contradicts",
    # neither, or both
    "A red plaque.": "unknown",
    "Antipsoriasised.": "unknown",
    "This could be plaque psoriasis.": "unknown",
    "Possible psoriasis.": "unknown",
    "? psoriasis": "unknown",
    "Psoriasis?": "unknown",
    "Likely psoriasis.": "unknown",
    "Eczema is less likely than psoriasis.": "unknown",
    "Der Befund passt zu Psoriasis.": "unknown",
    "No skin lesion is seen. Consistent with psoriasis.": "unknown",
    "No other lesions are seen.": "unknown",
    "A firm brown papule; the skin looks normal.": "unknown",
    "Psoriasis or skin tag.": "unknown",
    "Psoriasis, versus lichen planus.": "unknown",
    "Differential diagnosis: psoriasis, urticaria and acne.": "unknown",
    "Psoriasis cannot be excluded.": "unknown",
    "A biopsy is needed to rule out psoriasis.": "unknown",
    "Psoriasis-like scale.": "unknown",
    "The lesion mimics psoriasis.": "unknown",
    "There is a history of psoriasis.": "unknown",
    "Urticaria is ruled out.": "unknown",
    "No evidence of infection, malignancy, psoriasis.": "unknown",
    "Infection or psoriasis.": "unknown",
    "Psoriasis or eczema.": "unknown",
    "There is no scale on this psoriasis.": "unknown",
}


@pytest.mark.parametrize(("caption", "verdict"), VERDICTS.items())
def test_verdicts(caption: str, verdict: str) -> None:
    assert consistency(mentions(written(caption), PSORIASIS)) == verdict


CUT = {
    # nothing is known of the sentence that was cut
    "A red plaque. Psoriasis can be": "unknown",
    "Scaly plaques. The appearance suggests psoriasis, but": "unknown",
    "A red plaque. Psoriasis": "unknown",
    "It may be mistaken for others, but melanoma": "unknown",
    "A red plaque. No skin lesion": "unknown",
    "This is not psoriasis": "unknown",
    # the sentences before it were finished
    "This is psoriasis. Scale": "agrees",
    "This is psoriasis. Melanoma can be": "agrees",
    "This is not psoriasis; melan": "contradicts",
    "This is melanoma.": "contradicts",
    "Psoriasis.\nUrticaria": "agrees",
    "<think>This is psoriasis. It": "unknown",
}


@pytest.mark.parametrize(("caption", "verdict"), CUT.items())
def test_a_sentence_that_was_cut_neither_agrees_nor_contradicts(caption: str, verdict: str) -> None:
    assert consistency(mentions(written(caption, cut=True), PSORIASIS)) == verdict


def test_mentions_say_where_the_words_stand_and_what_they_mean() -> None:
    caption = "🔬 Eczematous; psoriasis vulgaris, not Hives. Likely urticaria pigmentosa."
    found = mentions(written(caption), PSORIASIS)
    assert [(caption[m.start : m.end], m.label, m.consistency) for m in found] == [
        ("psoriasis vulgaris", "psoriasis", "agrees"),
        ("Hives", "urticaria", "unknown"),
        ("urticaria pigmentosa", None, "contradicts"),
    ]


def test_without_a_label_nothing_agrees_or_contradicts() -> None:
    caption = written("Consistent with psoriasis.")
    assert [m.consistency for m in mentions(caption, classified(None))] == ["unknown"]
    assert mentions(caption, None) == mentions(caption, caption) == ()


@pytest.mark.parametrize("name", ["card", "skincap"])
def test_every_name_and_alias_agrees_with_its_own_label_and_no_other(name: str) -> None:
    labels = LabelSet.shipped(name).labels
    for label in labels:
        for words in (label.name, *label.aliases):
            for other in labels:
                found = mentions(written(f"These are {words}."), classified(other.id, name))
                expected = "agrees" if other is label else "contradicts"
                assert consistency(found) == expected, (words, other.id)


def test_captions_of_drawings_agree_with_what_was_drawn() -> None:
    for drawing in draw_cases(40, 77):
        found = mentions(written(drawing.caption), classified(drawing.disease))
        assert consistency(found) == "agrees"
