"""The ten diseases of the model card that the demo family draws, and who draws each.

The pictures are caricatures made to be told apart by a tiny model. They mean nothing clinically.
"""

from collections.abc import Callable

from hikari_serve.drawing.findings import Findings
from hikari_serve.drawing.growths import acne_vulgaris, melanocytic_nevi, sccis, skin_tag
from hikari_serve.drawing.rashes import (
    atopic_dermatitis,
    photodermatoses,
    psoriasis,
    seborrheic_dermatitis,
    tinea_versicolor,
    urticaria,
)
from hikari_serve.drawing.scene import Scene

DISEASES: dict[str, Callable[[Scene], Findings]] = {
    drawer.__name__: drawer
    for drawer in (
        acne_vulgaris,
        atopic_dermatitis,
        melanocytic_nevi,
        psoriasis,
        sccis,
        seborrheic_dermatitis,
        skin_tag,
        tinea_versicolor,
        urticaria,
        photodermatoses,
    )
}
"""Who draws each disease, by the disease's id."""
