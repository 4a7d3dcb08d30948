"""What both rivals answer: the labels and the caption that the card's code reads out."""

import json

from benchmarks.cascade_result import CascadeResult

Found = dict[str, str | None]
"""The body's fields: `group`, `disease`, `caption`."""


def write(result: CascadeResult) -> Found:
    """The fields of one answer."""
    return {"group": result.group, "disease": result.disease, "caption": result.caption}


def read(body: bytes) -> CascadeResult:
    """Parses the body of a rival's `/diagnose`; it does not tell what its stages took."""
    return CascadeResult(**json.loads(body), stages={})
