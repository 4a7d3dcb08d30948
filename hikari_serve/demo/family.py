"""The demo family in training: one shared model, the three stages tuned from it, and the encoder.

Weights are saved in bfloat16 under `demo_*/1/`, each with the metrics that the saved weights
reach on fresh drawings.
"""

import copy
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from transformers import (
    BaseImageProcessor,
    CLIPModel,
    PreTrainedModel,
    Qwen3VLForConditionalGeneration,
)

from hikari_serve.demo import architecture
from hikari_serve.demo.attention import attend_at_once
from hikari_serve.demo.batches import Batch, Collator
from hikari_serve.demo.cases import draw_cases
from hikari_serve.demo.contrastive import embed, paired_batch
from hikari_serve.demo.corpus import corpus
from hikari_serve.demo.examples import Example, Examples
from hikari_serve.demo.judging import Judge, Metrics
from hikari_serve.demo.others import draw_others
from hikari_serve.demo.pool import Pool, make_pool
from hikari_serve.demo.recipes import read_recipes
from hikari_serve.demo.seeing import Seeing, SeeingBatches
from hikari_serve.demo.shelf import Shelf
from hikari_serve.demo.tokenizer import train_tokenizer
from hikari_serve.demo.training import fit

Question = tuple[Callable[[], Example], int]
"""Makes one example, and how many of them make a batch."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """How much to train: pictures in the pools, optimiser steps of each phase."""

    drawings: int = 12000
    others: int = 3000
    judged: int = 200
    seeing: int = 3000
    shared: int = 450
    group: int = 160
    disease: int = 900
    caption: int = 450
    references: int = 900

    def scaled(self, factor: float) -> "Plan":
        """The same plan with `factor` times the work, at least two steps and 20 drawings."""
        return Plan(
            drawings=max(20, round(self.drawings * factor)),
            others=max(6, round(self.others * factor)),
            judged=max(20, round(self.judged * factor)),
            seeing=max(2, round(self.seeing * factor)),
            shared=max(2, round(self.shared * factor)),
            group=max(2, round(self.group * factor)),
            disease=max(2, round(self.disease * factor)),
            caption=max(2, round(self.caption * factor)),
            references=max(2, round(self.references * factor)),
        )


class Family:
    """Trains the family.

    Args:
        models: The repository whose configuration says what is asked and answered.
        out: The repository that receives the weights.
        seed: Decides every drawing, initial weight and batch.
        plan: How much to train.
    """

    def __init__(self, models: Path, out: Path, seed: int, plan: Plan) -> None:
        torch.manual_seed(seed)
        self._out, self._seed, self._plan = out, seed, plan
        self._pool = make_pool(
            draw_cases(plan.drawings, seed, "mixed"), draw_others(plan.others, seed)
        )
        self._fresh = make_pool(draw_cases(plan.judged, seed + 1))
        self._recipes = read_recipes(models)
        self._tokenizer = train_tokenizer(corpus(self._recipes, self._pool.cases))
        self._rng = np.random.default_rng(seed)
        self._collator = Collator(self._tokenizer, self._pool.patches)

    def train(self) -> None:
        """Trains, saves and judges all four models; the encoder first, which finds references."""
        encoder = self.train_references()
        ask = self._examples(self._pool, encoder, self._rng)
        fresh = self._examples(self._fresh, encoder, np.random.default_rng(self._seed))
        judge = Judge(fresh, Collator(self._tokenizer, self._fresh.patches), self._tokenizer)
        self._train_stages(ask, judge)

    def _examples(self, pool: Pool, encoder: CLIPModel, rng: np.random.Generator) -> Examples:
        shelf = Shelf(pool, embed(encoder, pool), rng)
        return Examples(pool, self._recipes, self._tokenizer, shelf, rng)

    def _train_stages(self, ask: Examples, judge: Judge) -> None:
        plan = self._plan
        shared = architecture.vision_language_model(self._tokenizer)
        attend_at_once(shared)
        lessons = SeeingBatches(self._pool, self._rng)
        eyes = Seeing(shared, lessons.answers)
        fit("seeing", eyes, partial(lessons.draw, 64), steps=plan.seeing, peak=3e-3)
        self._fit("shared", shared, partial(self._mixed, ask), plan.shared, 2e-3)
        for name, question, steps, metrics in (
            ("group", lambda: (ask.any_group, 32), plan.group, judge.group),
            ("disease", partial(self._with_references, ask), plan.disease, judge.disease),
            ("caption", lambda: (ask.any_caption, 32), plan.caption, judge.caption),
        ):
            model = copy.deepcopy(shared)
            self._fit(name, model, question, steps, 1e-3)
            folder = self._save(f"demo_{name}", model, architecture.view_processor())
            architecture.write_video_processor(folder)
            saved = Qwen3VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
            self._report(folder, metrics(saved))

    def train_references(self) -> CLIPModel:
        """Trains, saves and judges the reference encoder."""
        model = architecture.image_text_encoder(self._tokenizer)
        batch = partial(paired_batch, self._pool, self._tokenizer, self._rng, 128)
        fit("references", model, batch, steps=self._plan.references, peak=2e-3)
        folder = self._save("demo_references", model, architecture.clip_processor())
        saved = CLIPModel.from_pretrained(folder, dtype=torch.float32)
        agreement = self._neighbours_of_same_disease(saved)
        self._report(folder, {"neighbours_of_same_disease": agreement})
        return saved

    def _neighbours_of_same_disease(self, encoder: CLIPModel) -> float:
        """The share of each fresh drawing's three nearest in the pool that show its disease."""
        scores = embed(encoder, self._fresh) @ embed(encoder, self._pool)[: self._pool.lesions].T
        hits = [
            self._pool.cases[index].disease == self._fresh.cases[row].disease
            for row, found in enumerate(scores.topk(3).indices.tolist())
            for index in found
        ]
        return round(float(np.mean(hits)), 4)

    def _mixed(self, ask: Examples) -> Question:
        """One of the three questions, captions twice as often as the others."""
        kinds = (ask.any_group, ask.any_disease, ask.any_caption, ask.any_caption)
        return kinds[int(self._rng.integers(len(kinds)))], 32

    def _with_references(self, ask: Examples) -> Question:
        """The disease question with none to three references, the same number in a batch."""
        count = int(self._rng.integers(4))
        return partial(ask.any_disease, count), 32 if count == 0 else 16

    def _fit(
        self,
        name: str,
        model: torch.nn.Module,
        question: Callable[[], Question],
        steps: int,
        peak: float,
    ) -> None:
        def next_batch() -> Batch:
            make, size = question()
            return self._collator.training([make() for _ in range(size)])

        fit(name, model, next_batch, steps=steps, peak=peak)

    def _save(self, name: str, model: PreTrainedModel, processor: BaseImageProcessor) -> Path:
        folder = self._out / name / "1"
        copy.deepcopy(model).bfloat16().save_pretrained(folder)
        # safetensors leaves its file to its owner alone, and a container runs as somebody else.
        (folder / "model.safetensors").chmod(0o644)
        self._tokenizer.save_pretrained(folder)
        processor.save_pretrained(folder)
        return folder

    def _report(self, folder: Path, metrics: Metrics) -> None:
        report = {"seed": self._seed, "drawings": len(self._fresh.cases), **metrics}
        text = json.dumps(report, indent=2) + "\n"
        (folder / "metrics.json").write_text(text, encoding="utf-8")
        log.info("%s: %s", folder.parent.name, report)
