"""Whether a caption fits the disease that the classifier named."""

import re
from typing import Literal

from hikari_serve.stage import Classification, Output

Consistency = Literal["agrees", "contradicts", "unknown"]

_NEGATION = re.compile(r"\b(no|not|without|unlike|unlikely|rather than|rules? out|excluded?)\b")


def consistency(caption: str, disease: Output | None) -> Consistency:
    """Compares the diseases that a caption names with the classifier's label.

    It `agrees` if it names the label and no other disease of the set, `contradicts` if it names
    only others, and is `unknown` if it names none or several, negates a sentence that names one,
    or there is no label to compare with.
    """
    if not isinstance(disease, Classification) or disease.label is None:
        return "unknown"
    named: set[str] = set()
    for sentence in re.split(r"(?<=[.!?])\s+", caption.lower()):
        here = {
            label
            for label, name in disease.names.items()
            if re.search(rf"\b{re.escape(name.lower())}\b", sentence)
        }
        if here and _NEGATION.search(sentence):
            return "unknown"
        named |= here
    if not named or (disease.label in named and len(named) > 1):
        return "unknown"
    return "agrees" if disease.label in named else "contradicts"
