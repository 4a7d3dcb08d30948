"""Kind `classify`: one label out of a closed set, with or without cases to compare with."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial

from PIL import Image

from hikari_serve.engines.contract import (
    LanguageEngine,
    Output,
    Prepared,
    Prompt,
    PromptTooLong,
)
from hikari_serve.errors import InvalidInput, Mismatch, NotFound
from hikari_serve.observer import NOBODY, Observer
from hikari_serve.pictures.view import read_view
from hikari_serve.prompts.layout import Reference
from hikari_serve.references.index import ReferenceIndex
from hikari_serve.references.store import Case
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.schema import ClassifierConfig
from hikari_serve.scheduling.job import Asked
from hikari_serve.stage import Classification, Item, Provenance
from hikari_serve.tasks.caption_room import CaptionRoom
from hikari_serve.tasks.case_pictures import case_pictures
from hikari_serve.tasks.model import Model
from hikari_serve.tasks.naming import Naming

logger = logging.getLogger(__name__)


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
        if index is not None:  # without it `_cases` lets no case come
            decoded = partial(observer.case_decoded, provenance.model, provenance.version)
            self._case_picture = case_pictures(index, config.hikari.preprocessing, decoded)

    def prepare(self, item: Item) -> Asked:
        inputs = {k: v for k, v in item.inputs.items() if isinstance(v, str)}
        index, ids = self._cases(item)
        try:
            if self._settings.prompt.shows_cases:
                ids = tuple(each for each in ids if self._case_picture(each) is not None)
            retrieved = len(ids)
            if self._room is not None:
                ids = ids[: self._room.cases]  # as far as they fit; `None` takes all
            cases = [index.case(each) for each in ids] if index else []
        except NotFound as error:  # whoever asks this model alone names them
            raise InvalidInput(error.message) from None
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
                return Asked(prepared, len(cases) if index else None)

    def read(self, output: Output, item: Item, asked: Asked) -> Classification:
        found = self._naming.read(output)
        return found.model_copy(update={"cases_shown": asked.cases_shown})

    def provenance_of(self, item: Item) -> Provenance:
        return self.provenance.model_copy(update={"index": item.index})

    async def close(self) -> None:
        await super().close()
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
        images = [query if slot is None else self._view(cases[slot]) for slot in order]
        prompt = Prompt(layout.messages(inputs, quoted), images)
        prepared = self._engine.prepare(prompt, self._naming.want)
        shown = len(order) - order.count(None)
        if shown:
            self._observer.cases_shown(self.provenance.model, self.provenance.version, shown)
        return prepared

    def _caption(self, case: Case) -> str:
        return case.caption if self._room is None else self._room.cut(case.caption)

    def _view(self, case: Case) -> Image.Image:
        picture = self._case_picture(case.id)
        assert picture is not None  # those without were passed over
        return picture
