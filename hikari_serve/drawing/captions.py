"""The words for a drawing: two sentences of findings and one of impression, all true to it."""

from hikari_serve.drawing.findings import Findings, Lesion

NAMES: dict[str, str] = {
    "acne_vulgaris": "acne vulgaris",
    "atopic_dermatitis": "atopic dermatitis",
    "melanocytic_nevi": "melanocytic nevi",
    "psoriasis": "psoriasis",
    "sccis": "squamous cell carcinoma in situ",
    "seborrheic_dermatitis": "seborrheic dermatitis",
    "skin_tag": "skin tag",
    "tinea_versicolor": "tinea versicolor",
    "urticaria": "urticaria",
    "photodermatoses": "photodermatoses",
}
"""What a caption calls each disease."""

PLURALS: dict[Lesion, str] = {
    "papule": "papules",
    "patch": "patches",
    "macule": "macules",
    "plaque": "plaques",
    "nodule": "nodules",
    "wheal": "wheals",
}

SURFACES: dict[str, str] = {
    "pustules": "White pustules sit on top, and no black comedones are seen.",
    "comedones": "Black comedones lie between them, and no pustules are seen.",
    "scratches": "Dark red scratch marks cross the inflamed surface.",
    "dryness": "The surface is dry with fine pale scale, without scratch marks.",
    "even": "The pigment is even and the surface is flat.",
    "network": "The pigment forms a network with lighter gaps.",
    "thick scale": "Thick silvery white scale covers most of the surface.",
    "patchy scale": "Silvery white scale covers the surface in places.",
    "crust": "A yellow crust covers the middle of the uneven surface.",
    "ulcer": "The middle of the uneven surface is ulcerated and dark red.",
    "greasy scale": "Broad greasy yellow scale lies on the surface.",
    "yellow flakes": "Many small yellow flakes lie on the surface.",
    "stalk": "A thin stalk is visible and the surface is smooth.",
    "wrinkled": "A thin stalk is visible and the surface is wrinkled.",
    "fine scale": "Fine white scale covers the discoloured surface.",
    "smooth": "The discoloured surface is smooth and without scale.",
    "pale centre": "The swelling has a pale centre and no scale.",
    "smooth swelling": "The swelling is smooth and evenly coloured, with no scale.",
    "tiny papules": "Tiny dark red papules lie within, and the covered skin is spared.",
    "blisters": "Pale blisters lie within, and the covered skin is spared.",
}
"""The sentence for each surface that a drawing can have."""

EXAMINATIONS: dict[str, str] = {
    "acne_vulgaris": "clinical review",
    "atopic_dermatitis": "an allergy history",
    "melanocytic_nevi": "dermoscopy",
    "psoriasis": "a skin biopsy",
    "sccis": "a skin biopsy",
    "seborrheic_dermatitis": "clinical review",
    "skin_tag": "clinical review",
    "tinea_versicolor": "fungal microscopy",
    "urticaria": "an allergy history",
    "photodermatoses": "phototesting",
}
"""What the impression recommends for each disease."""


def caption(disease: str, findings: Findings) -> str:
    """Describes a drawing truly and names its disease.

    Args:
        disease: The disease's id.
        findings: What was drawn.

    Returns:
        Three sentences, 35 to 55 tokens of the demo tokenizer.
    """
    lesions = findings.lesion if findings.count == 1 else PLURALS[findings.lesion]
    scattered = findings.place == "scattered"
    place = "scattered over" if scattered else f"in the {findings.place} of"
    return (
        f"{counted(findings.count)} {findings.size} {findings.colour} {lesions}"
        f" with {findings.border} borders on {findings.tone} skin, {place} the picture."
        f" {SURFACES[findings.surface]}"
        f" The findings are consistent with {NAMES[disease]};"
        f" {EXAMINATIONS[disease]} is recommended."
    )


def counted(count: int) -> str:
    """The word that a caption begins with: a number up to three, then "Several" or "Many"."""
    if count <= 3:
        return ("One", "Two", "Three")[count - 1]
    return "Several" if count < 8 else "Many"
