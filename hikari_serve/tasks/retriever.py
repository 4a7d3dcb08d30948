"""Kind `retrieve`: the cases of an index that are most like the picture."""

from hikari_serve.engines.contract import Output
from hikari_serve.engines.encoders import Encoded, ReferenceEncoder
from hikari_serve.observer import NOBODY, Observer
from hikari_serve.pictures.view import content_hash, read_view
from hikari_serve.references.index import Match, ReferenceIndex
from hikari_serve.references.scoring import Query
from hikari_serve.references.shown import shown_pictures
from hikari_serve.references.store import Case
from hikari_serve.references.typicality import typicality
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.schema import RetrieverConfig
from hikari_serve.repository.tensors import DESCRIPTION
from hikari_serve.scheduling.job import Asked
from hikari_serve.stage import Item, Provenance, ReferenceCase, Retrieval
from hikari_serve.tasks.model import Model

SAME_PICTURE = 0.99999
"""Cosine similarity above which two embeddings differ by rounding only: they are of one picture,
saved twice without loss."""


class Retriever(Model):
    """Encodes the picture, and words about it if there are some, and searches the index."""

    blocking_read = True

    def __init__(
        self,
        config: ModelConfig,
        provenance: Provenance,
        encoder: ReferenceEncoder,
        index: ReferenceIndex,
        observer: Observer = NOBODY,
    ) -> None:
        super().__init__(config, provenance, encoder, observer)
        assert isinstance(config.hikari, RetrieverConfig)
        self._settings = config.hikari
        self._encoder = encoder
        self._index = index
        self._picture = shown_pictures(index)
        self.reads = index.digest
        self._nearest = index.nearest

    def prepare(self, item: Item) -> Asked:
        said = item.inputs.get(DESCRIPTION)
        words = said if isinstance(said, str) else None
        return Asked(self._encoder.prepare_query(read_view(item.view), words))

    def provenance_of(self, item: Item) -> Provenance:
        said = item.inputs.get(DESCRIPTION)
        digest = content_hash(said.encode()) if isinstance(said, str) else None
        asked = {"cases": self._wanted(item), "description": digest}
        return self.provenance.model_copy(update=asked)

    def read(self, output: Output, item: Item, asked: Asked) -> Retrieval:
        assert isinstance(output, Encoded)
        query = query_of(output, self._settings, item.content)
        matches, nearest = self._index.search(query, self._wanted(item))
        cases = self._index.cases(match.case_id for match in matches)
        usual = typicality(1 - nearest, self._nearest) if nearest is not None else None
        return Retrieval(
            index=self._index.digest,
            cases=tuple(map(self._shown, matches, cases)),
            labels=tuple(case.label for case in cases),
            nearest=round(nearest, 6) if nearest is not None else None,
            typicality=usual,
        )

    def _wanted(self, item: Item) -> int:
        """How many cases an item asks for."""
        return item.cases or self._settings.top_k

    async def close(self) -> None:
        await super().close()
        self._index.close()

    def _shown(self, match: Match, case: Case) -> ReferenceCase:
        """A case as far as the model's `expose` allows: SkinCAP may not be redistributed."""
        found = ReferenceCase(
            id=match.case_id,
            similarity=round(match.similarity, 6),
            score=round(match.score, 6) if match.score != match.similarity else None,
        )
        if self._settings.expose == "ids":
            return found
        shown = found.model_copy(update={"label": case.label, "caption": case.caption})
        if self._settings.expose == "text":
            return shown
        return shown.model_copy(update={"image": self._picture(case.id)})


def query_of(
    encoded: Encoded, settings: RetrieverConfig, content: str | None, alpha: float | None = None
) -> Query:
    """What a reference model compares its cases with.

    Args:
        encoded: The picture and, if there is one, its description.
        settings: Of the model.
        content: SHA-256 of the picture's file.
        alpha: Weight of the pictures; None takes the model's own.
    """
    text, words = encoded.text, settings.text
    if words is not None and words.against == "picture":
        text = encoded.image
    own = words.alpha if words is not None else 1.0
    limits = [settings.max_similarity, SAME_PICTURE if settings.exclude_query else None]
    return Query(
        image=encoded.image,
        text=text,
        alpha=own if alpha is None else alpha,
        content=content if settings.exclude_query else None,
        max_similarity=min((limit for limit in limits if limit is not None), default=None),
    )
