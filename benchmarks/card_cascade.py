"""The whole cascade in the card's own way: `generate` for each stage, its words parsed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from time import perf_counter

import torch
from PIL import Image
from transformers import CLIPImageProcessorPil, CLIPModel

from benchmarks.card_model import CardModel, Case, Question, match, view
from benchmarks.cascade_result import CascadeResult, StageTime
from hikari_serve.cascade.wiring import read_graph
from hikari_serve.engines.checkpoints import DTYPES
from hikari_serve.labels.label_set import Label, LabelSet
from hikari_serve.prompts.layout import Reference
from hikari_serve.references.index import ReferenceIndex
from hikari_serve.references.scoring import Query
from hikari_serve.references.served import index_folder
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import ClassifierConfig, DescriberConfig, RetrieverConfig

LABEL_TOKENS, CAPTION_TOKENS = 64, 256
"""`max_new_tokens` as the authors' cards have them."""


class CardCascade:
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
                    index = ReferenceIndex.open(index_folder(repository, node.config))
                    self._references = CardReferences(folder, settings, index)

    def diagnose(self, files: Sequence[bytes]) -> list[CascadeResult]:
        """Answers encoded pictures, one batch a stage; each stage's time is the batch's."""
        spent: dict[str, StageTime] = {}
        pictures = [Image.open(BytesIO(file)).convert("RGB") for file in files]
        with _clock(spent, "group"):
            asked = [Question(picture) for picture in pictures]
            groups = [
                match(written, self._groups) for written in self._group.ask_all(asked, LABEL_TOKENS)
            ]
        with _clock(spent, "references"):
            cases = self._references.nearest(pictures)
        with _clock(spent, "disease"):
            asked = [
                Question(picture, _known("group", group), near)
                for picture, group, near in zip(pictures, groups, cases, strict=True)
            ]
            diseases = [
                match(written, self._diseases)
                for written in self._disease.ask_all(asked, LABEL_TOKENS)
            ]
        with _clock(spent, "caption"):
            asked = [
                Question(picture, _known("disease", disease))
                for picture, disease in zip(pictures, diseases, strict=True)
            ]
            captions = self._caption.ask_all(asked, CAPTION_TOKENS)
        return [
            CascadeResult(
                group=group.id if group else None,
                disease=disease.id if disease else None,
                caption=caption,
                stages=spent,
            )
            for group, disease, caption in zip(groups, diseases, captions, strict=True)
        ]


class CardReferences:
    """Retrieval as the authors' code does it: CLIP and one matrix product."""

    def __init__(self, folder: Path, settings: RetrieverConfig, index: ReferenceIndex) -> None:
        self._settings = settings
        self._clip = CLIPModel.from_pretrained(folder, dtype=DTYPES[settings.engine.dtype])
        self._pictures = CLIPImageProcessorPil.from_pretrained(folder)
        self._index = index
        self._read: dict[str, Case] = {}

    @torch.no_grad()
    def nearest(self, pictures: Sequence[Image.Image]) -> list[list[Case]]:
        """The most similar cases of each picture."""
        queries = [view(picture, self._settings.preprocessing) for picture in pictures]
        pixels = self._pictures(queries, return_tensors="pt")["pixel_values"]
        embeddings = self._clip.get_image_features(pixel_values=pixels).pooler_output.numpy()
        top_k = self._settings.top_k
        return [
            [
                self._case(found.case_id)
                for found in self._index.search(Query(embedding), top_k).best
            ]
            for embedding in embeddings
        ]

    def _case(self, case_id: str) -> Case:
        """A case, decoded only once, as the server does too."""
        if case_id not in self._read:
            case = self._index.case(case_id)
            picture = Image.open(BytesIO(case.image)).convert("RGB")
            words = Reference(label=case.label, caption=case.caption)
            self._read[case_id] = words, view(picture, self._settings.preprocessing)
        return self._read[case_id]


def _known(stage: str, label: Label | None) -> dict[str, str]:
    return {stage: label.id} if label else {}


@contextmanager
def _clock(spent: dict[str, StageTime], stage: str) -> Iterator[None]:
    began = perf_counter()
    yield
    spent[stage] = StageTime(queue=0.0, compute=(perf_counter() - began) * 1000, hop=0.0)
