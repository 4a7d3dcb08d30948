"""Answers of every kind, made by the demo cascade's real graph over scripted stages."""

import io
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from PIL import Image

from hikari_serve.errors import Unavailable
from hikari_serve.pictures.decode import PictureLimits
from hikari_serve.pictures.shown import upright
from hikari_serve.presentation.answer import Answer
from hikari_serve.report import Report
from hikari_serve.stage import Classification, Description, ReferenceCase, Retrieval
from tests.scripted import Bench, classified

MADE = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\"'`*_[x](http://evil)|<img src=x onerror=alert(1)>"
LONG = "pneumonoultramicroscopicsilicovolcanoconiosis" * 3


def png(colour: str = "peru") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(written, "PNG")
    return written.getvalue()


def complete(disease: Classification | None = None) -> Answer:
    bench = Bench()
    found = disease or classified("sccis", "sccis", "psoriasis")
    groups = {"sccis": "malignant", "psoriasis": "inflammatory"}
    bench.stages["disease"].output = found.model_copy(update={"groups": groups})
    words = "A red plaque. Consistent with sccis."
    cases = [
        ReferenceCase(id=f"case-{n}", similarity=0.9, label=label, caption=words, image=png())
        for n, label in enumerate(("sccis", "sccis", "psoriasis"))
    ]
    labels = tuple(str(case.label) for case in cases)
    bench.stages["references"].output = Retrieval(index="i1", cases=tuple(cases), labels=labels)
    return bench.run()


def contradicted() -> Answer:
    bench = Bench()
    words = "Not sccis: consistent with psoriasis. Urticaria cannot be excluded."
    bench.stages["caption"].output = Description(text=words, finish_reason="length")
    return bench.run()


def unknown() -> Answer:
    bench = Bench()
    found = classified(None, "sccis", "psoriasis")
    bench.stages["disease"].output = found.model_copy(update={"reason": "little belief"})
    return bench.run()


def abstained() -> Answer:
    return Bench(abstain={"min_probability": 0.8}).run()


def partial() -> Answer:
    bench = Bench()
    bench.stages["disease"].error = Unavailable("the runner cannot be reached")
    return bench.run()


def alone() -> Answer:
    return Bench().run(cases=0, until="disease")


def written() -> Answer:
    """The disease was read from the model's words, which carry no probability."""
    bench = Bench()
    found = classified("sccis", "sccis", "psoriasis")
    words: dict[str, object] = {
        "probability": None,
        "label_mass": None,
        "scores": {},
        "written": "It is sccis.",
    }
    bench.stages["disease"].output = found.model_copy(update=words)
    return bench.run()


def nearly() -> Answer:
    """Every share is almost all, or almost nothing."""
    bench = Bench()
    for stage, names in (("disease", ("sccis", "psoriasis")), ("group", ("malignant", "benign"))):
        scores = dict(zip(names, (0.99989, 0.00011), strict=True))
        sure = {"probability": 0.99989, "label_mass": 0.99996, "scores": scores}
        found = classified(names[0], *names)
        bench.stages[stage].output = found.model_copy(update=sure)
    case = ReferenceCase(id="case-1", similarity=0.9)
    bench.stages["references"].output = Retrieval(index="i1", cases=(case,), typicality=0.0001)
    return bench.run()


def hostile() -> Answer:
    bench = Bench()
    bench.stages["caption"].output = Description(text=HOSTILE, finish_reason="stop")
    case = ReferenceCase(id=HOSTILE, similarity=1.0, label=HOSTILE, caption=HOSTILE, image=b"<svg")
    bench.stages["references"].output = Retrieval(index="i1", cases=(case,))
    found = classified("sccis", "sccis", "psoriasis")
    names = {"sccis": HOSTILE, "psoriasis": LONG}
    bench.stages["disease"].output = found.model_copy(
        update={"names": names, "display_name": HOSTILE}
    )
    bench.stages["group"].error = Unavailable(HOSTILE)
    return bench.run(id=HOSTILE)


def searched() -> Answer:
    """No case was found."""
    bench = Bench()
    bench.stages["references"].output = Retrieval(index="i1", cases=())
    return bench.run()


ANSWERS: dict[str, Callable[[], Answer]] = {
    made.__name__: made
    for made in (
        complete,
        contradicted,
        unknown,
        abstained,
        partial,
        alone,
        written,
        nearly,
        hostile,
        searched,
    )
}


def report(kind: str) -> Report:
    title = HOSTILE + LONG if kind == "hostile" else f"{kind}.png"
    return Report(ANSWERS[kind](), upright(png(), PictureLimits()), MADE, title)


@pytest.fixture(params=ANSWERS)
def any_report(request: pytest.FixtureRequest) -> Report:
    return report(request.param)
