"""How far a training question may trust what its prompt adds to the picture."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EvidenceNoise:
    """Shares of the questions in which the evidence is missing, wrong or hidden.

    Attributes:
        unhinted: Prompts that state no group or disease.
        wrong: Prompts that state a wrong one.
        misleading: Questions whose references are all of other diseases.
        veiled: Questions with references whose picture is veiled.
    """

    unhinted: float = 0.35
    wrong: float = 0.1
    misleading: float = 0.15
    veiled: float = 0.0


USUAL = EvidenceNoise()
COMPARING = EvidenceNoise(unhinted=0.3, wrong=0.25, misleading=0.28, veiled=0.4)
"""Hard enough to see that the references are worth a look, and wrong often enough to doubt them.

Tried for 200 steps without the veil, the loss stayed the same with and without references.
"""
