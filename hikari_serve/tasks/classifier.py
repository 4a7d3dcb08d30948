"""Kind `classify`: one label out of a closed set, with or without cases to compare with."""

import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache

from PIL import Image

from hikari_serve.engines.contract import (
    LanguageEngine,
    Output,
    Prepared,
    Prompt,
    PromptTooLong,
)
from hikari_serve.errors import BadImage, InvalidInput, Mismatch
from hikari_serve.observer import NOBODY, Observer
from hikari_serve.pictures.decode import PictureLimits, open_image
from hikari_serve.pictures.view import make_view, read_view
from hikari_serve.prompts.layout import Reference
from hikari_serve.references.index import ReferenceIndex
from hikari_serve.references.store import Case
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.schema import ClassifierConfig
from hikari_serve.stage import Classification, Item, Provenance
from hikari_serve.tasks.caption_room import CaptionRoom
from hikari_serve.tasks.model import Model
from hikari_serve.tasks.naming import Naming

logger = logging.getLogger(__name__)

CASE_PICTURES = 1024
"""Decoded pictures of reference cases that a runner keeps; at 672 px about 1.3 MB each."""


class Classifier(Model):
    """Names a label of its set, with or without reference cases to compare with."""

    def __init__(
        self,
        config: ModelConfig,
        provenance: Provenance,
        engine: LanguageEngine,
        naming: Naming,
        index: ReferenceIndex | None,
        room: CaptionRoom | None = None,
        observer: Observer = NOBODY,
    ) -> None:
        super().__init__(config, provenance, engine, observer)
        assert isinstance(config.hikari, ClassifierConfig)
        self._settings = config.hikari
        self._naming = naming
        self._index = index
        self.reads = index.digest if index else None
        self._room = room
        self._case_picture = lru_cache(CASE_PICTURES)(self._read_case_picture)
        self._has_picture = lru_cache(CASE_PICTURES)(self._can_show)

    def prepare(self, item: Item) -> Prepared:
        inputs = {k: v for k, v in item.inputs.items() if isinstance(v, str)}
        index, ids = self._cases(item)
        if self._settings.prompt.shows_cases:
            ids = tuple(filter(self._has_picture, ids))
        retrieved = len(ids)
        if self._room is not None:
            ids = ids[: self._room.cases]  # as far as they fit; `None` takes all
        cases = [index.case(each) for each in ids] if index else []
        query = read_view(item.view)
        while True:
            try:
                prepared = self._ask(query, inputs, cases)
            except PromptTooLong:
                # Room is measured for what the model's limits and its index foresee; whatever they
                # do not (labels, words of a request, unbounded pictures), the farthest case goes.
                if not cases:
                    raise
                cases.pop()
            else:
                if len(cases) < retrieved:
                    logger.warning(
                        "model '%s' has room for %d of %d cases: it was not shown the others",
                        item.model,
                        len(cases),
                        retrieved,
                    )
                return prepared

    def read(self, output: Output, item: Item) -> Classification:
        return self._naming.read(output)

    def provenance_of(self, item: Item) -> Provenance:
        return self.provenance.model_copy(update={"index": item.index})

    async def close(self) -> None:
        await super().close()
        del self._case_picture, self._has_picture  # they refer back to this, and hold pictures
        if self._index is not None:
            self._index.close()

    def _cases(self, item: Item) -> tuple[ReferenceIndex | None, tuple[str, ...]]:
        ids = next((each for each in item.inputs.values() if isinstance(each, tuple)), ())
        if not ids:
            return None, ()
        if self._index is None:
            raise InvalidInput(f"model '{item.model}' was given references but reads no index")
        if item.index != self._index.digest:
            raise Mismatch(
                f"the references come from index {item.index}, but model '{item.model}' "
                f"reads {self._index.digest}: both runners must mount the same index"
            )
        return self._index, ids

    def _ask(
        self, query: Image.Image, inputs: Mapping[str, str], cases: Sequence[Case]
    ) -> Prepared:
        layout = self._settings.prompt
        quoted = [Reference(label=case.label, caption=self._caption(case)) for case in cases]
        order = layout.image_order(inputs, len(cases))
        images = [query if slot is None else self._case_picture(cases[slot].id) for slot in order]
        prompt = Prompt(layout.messages(inputs, quoted), images)
        prepared = self._engine.prepare(prompt, self._naming.want)
        shown = len(order) - order.count(None)
        if shown:
            self._observer.cases_shown(self.provenance.model, self.provenance.version, shown)
        return prepared

    def _caption(self, case: Case) -> str:
        return case.caption if self._room is None else self._room.cut(case.caption)

    def _can_show(self, case_id: str) -> bool:
        """Whether a case's picture can be read: its index may be older than what refuses it now."""
        try:
            self._case_picture(case_id)
        except BadImage as error:
            logger.warning("case '%s' is shown to no model: %s", case_id, error.message)
            return False
        return True

    def _read_case_picture(self, case_id: str) -> Image.Image:
        assert self._index is not None
        self._observer.case_decoded(self.provenance.model, self.provenance.version)
        picture = open_image(self._index.case(case_id).image, PictureLimits())
        return read_view(make_view(picture, self._settings.preprocessing))
