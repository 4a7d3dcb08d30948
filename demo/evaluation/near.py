"""Names that begin as the demo's diseases do and are others: what a label set may lack."""

NEAR = {
    "acne_vulgaris": "acne rosacea",
    "atopic_dermatitis": "atopic eczema",
    "melanocytic_nevi": "melanocytic melanoma",
    "psoriasis": "psoriasis vulgaris",
    "sccis": "squamous cell carcinoma",
    "seborrheic_dermatitis": "seborrheic keratosis",
    "skin_tag": "skin cancer",
    "tinea_versicolor": "tinea corporis",
    "urticaria": "urticaria pigmentosa",
    "photodermatoses": "photodermatoses of childhood",
}
"""For each label, another name that begins with the same words, in the demo's tokens too."""
