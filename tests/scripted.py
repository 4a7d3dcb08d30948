"""The demo cascade's real graph over stages that answer as told."""

import asyncio
import io
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

from PIL import Image

from hikari_serve.cascade.decoder import Decoder
from hikari_serve.cascade.execution import Cascade
from hikari_serve.cascade.graph import Graph
from hikari_serve.cascade.request import CascadeRequest, Event
from hikari_serve.cascade.wiring import read_graph
from hikari_serve.errors import HikariError, Unavailable
from hikari_serve.observer import NOBODY, Observer
from hikari_serve.pictures.decode import PictureLimits
from hikari_serve.presentation.answer import TOP_K, Answer
from hikari_serve.presentation.present import present
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.repository import Repository
from hikari_serve.stage import (
    Classification,
    Description,
    Hosted,
    Item,
    OnText,
    Output,
    Provenance,
    ReferenceCase,
    Retrieval,
    StageResult,
)

REPOSITORY = Repository(Path(__file__).parents[1] / "models")


def classified(label: str | None, *names: str) -> Classification:
    scores = {name: 0.7 if name == label else 0.3 / (len(names) - 1) for name in names}
    return Classification(
        label=label,
        display_name=label and label.title(),
        probability=0.7,
        scores=scores,
        names={name: name.title() for name in names},
        label_mass=0.99 if label else 0.1,
        decision="answered" if label else "unknown",
    )


OUTPUTS: dict[str, Output] = {
    "group": classified("malignant", "malignant", "benign"),
    "references": Retrieval(index="i1", cases=(ReferenceCase(id="c7", similarity=0.9),)),
    "disease": classified("sccis", "sccis", "psoriasis"),
    "caption": Description(text="A red plaque. Consistent with sccis.", finish_reason="stop"),
}


class Scripted:
    """A stage that answers as told; it remembers what it was asked, and if its words are heard."""

    def __init__(self, stage: str) -> None:
        self.output = OUTPUTS[stage]
        self.error: HikariError | Exception | None = None
        self.words_before_error = ""
        self.loading = False
        self.seconds = 0.0
        self.seconds_after_words = 0.0
        self.items: list[Item] = []
        self.heard = False
        self.hosted: tuple[Hosted, ...] = ()
        self.cancelled = False
        self.cancelled_at = 0.0

    async def infer(self, item: Item, on_text: OnText | None = None) -> StageResult:
        self.items.append(item)
        self.heard = on_text is not None
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled, self.cancelled_at = True, time.monotonic()
            raise
        if self.error is not None:
            if on_text is not None and self.words_before_error:
                on_text(self.words_before_error)
            raise self.error
        if on_text is not None and isinstance(self.output, Description):
            on_text(self.output.text)
            await asyncio.sleep(self.seconds_after_words)
        provenance = Provenance(
            model=item.model,
            version=1,
            weights="w",
            engine="scripted",
            dtype="float32",
            preprocessing="max128-lanczos",
        )
        return StageResult(
            output=self.output, provenance=provenance, queue_ms=0, compute_ms=1, batch_size=1
        )

    async def ready(self) -> None:
        if self.loading:
            raise Unavailable("it is LOADING")

    async def describe(self) -> tuple[Hosted, ...]:
        return self.hosted


@cache
def _demo() -> ModelConfig:
    return REPOSITORY.config("demo")


@cache
def _graph() -> Graph:
    return read_graph(_demo(), REPOSITORY)


class Bench:
    """The demo cascade's real graph over scripted stages."""

    def __init__(self, observer: Observer = NOBODY, **changed: object) -> None:
        """Args:
        observer: Hears what happens.
        changed: Fields of the cascade's `hikari:` part, in place of the demo's.
        """
        self.stages = {name: Scripted(name) for name in OUTPUTS}
        config = _demo()
        hikari = type(config.hikari).model_validate(
            {**config.hikari.model_dump(), "abstain": {}, **changed}
        )
        config = replace(config, hikari=hikari)
        graph = _graph()
        self.cascade = Cascade(config, graph, self.stages, Decoder(PictureLimits()), observer)
        picture = io.BytesIO()
        Image.new("RGB", (64, 64), "brown").save(picture, "PNG")
        self.image = picture.getvalue()

    def run(self, on_event: Callable[[Event], None] | None = None, **asked: object) -> Answer:
        top_k = asked.pop("top_k", TOP_K)
        request = CascadeRequest(**{"id": "r1", "image": self.image, **asked})  # type: ignore[arg-type]
        return present(asyncio.run(self.cascade.run(request, on_event)), top_k)  # type: ignore[arg-type]
