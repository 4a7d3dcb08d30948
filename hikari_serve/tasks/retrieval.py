"""The task `references`: the cases of an index that look most like the picture."""

import numpy as np

from hikari_serve.engines.clip import ClipEncoder
from hikari_serve.engines.contract import Output, Prompt, Request
from hikari_serve.image import read_view
from hikari_serve.references.index import Match, Query, ReferenceIndex
from hikari_serve.references.store import Case
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.schema import ReferencesConfig
from hikari_serve.stage import Item, Provenance, ReferenceCase, Retrieval
from hikari_serve.tasks.model import Model


class Retriever(Model):
    """Encodes the picture and searches the index."""

    def __init__(
        self,
        config: ModelConfig,
        provenance: Provenance,
        encoder: ClipEncoder,
        index: ReferenceIndex,
    ) -> None:
        super().__init__(config, provenance, encoder)
        assert isinstance(config.hikari, ReferencesConfig)
        self._settings = config.hikari
        self._encoder = encoder
        self._index = index

    def prepare(self, item: Item) -> Request:
        return self._encoder.prepare(Prompt([], [read_view(item.view)]))

    def read(self, output: Output, item: Item) -> Retrieval:
        assert isinstance(output, np.ndarray)
        matches = self._index.search(Query(output), item.cases or self._settings.top_k)
        cases = self._index.cases(match.case_id for match in matches)
        return Retrieval(
            index=self._index.digest,
            cases=tuple(map(self._shown, matches, cases)),
            labels=tuple(case.label for case in cases),
        )

    def _shown(self, match: Match, case: Case) -> ReferenceCase:
        """A case as far as the model's `expose` allows: SkinCAP may not be redistributed."""
        found = ReferenceCase(id=match.case_id, similarity=round(match.similarity, 6))
        if self._settings.expose == "ids":
            return found
        shown = found.model_copy(update={"label": case.label, "caption": case.caption})
        if self._settings.expose == "text":
            return shown
        return shown.model_copy(update={"image": case.image})
