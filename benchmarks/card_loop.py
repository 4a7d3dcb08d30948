"""The first reference: the card's own usage, stage after stage and picture after picture."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from time import perf_counter

import torch
from PIL import Image
from transformers import CLIPImageProcessorPil, CLIPModel

from benchmarks.card_model import CardModel, match, view
from benchmarks.cascade_result import CascadeResult, StageTime
from benchmarks.passes import Pass, Reply
from hikari_serve.cascade.wiring import read_graph
from hikari_serve.engines.checkpoints import DTYPES
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.prompts.layout import Reference
from hikari_serve.references.index import ReferenceIndex
from hikari_serve.references.scoring import Query
from hikari_serve.references.served import index_folder
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import ClassifierConfig, DescriberConfig, RetrieverConfig

LABEL_TOKENS, CAPTION_TOKENS = 64, 256
"""`max_new_tokens` as the authors' cards have them."""


class CardLoop:
    """Asks the models of a cascade the same questions as the server does."""

    def __init__(self, models: Path, cascade: str) -> None:
        repository = Repository(models)
        for node in read_graph(repository.config(cascade), repository).nodes:
            settings, name = node.config.hikari, node.config.name
            folder = repository.version_folder(name, repository.served_versions(node.config)[-1])
            match settings:
                case ClassifierConfig() if node.name == "group":
                    self._group = CardModel.load(folder, settings)
                    self._groups = LabelSet.find(settings.labels, repository.folder(name)).labels
                case ClassifierConfig():
                    self._disease = CardModel.load(folder, settings)
                    self._diseases = LabelSet.find(settings.labels, repository.folder(name)).labels
                case DescriberConfig():
                    self._caption = CardModel.load(folder, settings)
                case RetrieverConfig():
                    cases = ReferenceIndex.open(index_folder(repository, node.config))
                    self._references = CardReferences(folder, settings, cases)

    def choose_threads(self, pictures: Sequence[bytes]) -> int:
        """Settles on as many threads as are fastest: one, or one for each core.

        Small models can lose by sharing a step among cores; the loop is measured at its best.
        """
        best = min((1, os.cpu_count() or 1), key=lambda threads: self._seconds(threads, pictures))
        torch.set_num_threads(best)
        return best

    def measure(self, pictures: Sequence[bytes]) -> Pass[CascadeResult]:
        """One pass over encoded pictures."""
        replies = []
        for index, picture in enumerate(pictures):
            sent = perf_counter()
            found = self._diagnose(picture)
            replies.append(Reply(index, sent, perf_counter(), found))
        return Pass(1, tuple(replies))

    def _seconds(self, threads: int, pictures: Sequence[bytes]) -> float:
        torch.set_num_threads(threads)
        first, *_, last = self.measure(pictures).replies
        return last.ended - first.ended

    def _diagnose(self, data: bytes) -> CascadeResult:
        spent: dict[str, StageTime] = {}
        picture = Image.open(BytesIO(data)).convert("RGB")
        with _clock(spent, "group"):
            group = match(self._group.ask(picture, LABEL_TOKENS), self._groups)
        with _clock(spent, "references"):
            cases = self._references.nearest(picture)
        with _clock(spent, "disease"):
            known = {"group": group.id} if group else {}
            written = self._disease.ask(picture, LABEL_TOKENS, known, cases)
            disease = match(written, self._diseases)
        with _clock(spent, "caption"):
            known = {"disease": disease.id} if disease else {}
            caption = self._caption.ask(picture, CAPTION_TOKENS, known)
        return CascadeResult(
            group=group.id if group else None,
            disease=disease.id if disease else None,
            caption=caption,
            stages=spent,
        )


class CardReferences:
    """Retrieval as the authors' code does it: CLIP and one matrix product."""

    def __init__(self, folder: Path, settings: RetrieverConfig, index: ReferenceIndex) -> None:
        self._settings = settings
        self._clip = CLIPModel.from_pretrained(folder, dtype=DTYPES[settings.engine.dtype])
        self._pictures = CLIPImageProcessorPil.from_pretrained(folder)
        self._index = index
        self._read: dict[str, tuple[Reference, Image.Image]] = {}

    @torch.no_grad()
    def nearest(self, picture: Image.Image) -> list[tuple[Reference, Image.Image]]:
        """The most similar cases: their words and their views."""
        query = view(picture, self._settings.preprocessing)
        pixels = self._pictures(query, return_tensors="pt")["pixel_values"]
        embedding = self._clip.get_image_features(pixel_values=pixels).pooler_output[0].numpy()
        found = self._index.search(Query(embedding), self._settings.top_k)
        return [self._case(case.case_id) for case in found]

    def _case(self, case_id: str) -> tuple[Reference, Image.Image]:
        """A case, decoded only once, as the server does too."""
        if case_id not in self._read:
            case = self._index.case(case_id)
            picture = Image.open(BytesIO(case.image)).convert("RGB")
            words = Reference(label=case.label, caption=case.caption)
            self._read[case_id] = words, view(picture, self._settings.preprocessing)
        return self._read[case_id]


@contextmanager
def _clock(spent: dict[str, StageTime], stage: str) -> Iterator[None]:
    began = perf_counter()
    yield
    spent[stage] = StageTime(queue=0.0, compute=(perf_counter() - began) * 1000, hop=0.0)
