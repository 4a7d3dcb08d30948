"""The demo family in training: one shared model, the three stages tuned from it, and the encoder.

Weights are saved in bfloat16 under `demo_*/1/`, each with the metrics that the saved weights
reach on fresh drawings.
"""

import copy
import json
import logging
from collections.abc import Callable
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

from demo.training import architecture
from demo.training.attention import attend_at_once
from demo.training.corpus import corpus
from demo.training.dataset import Dataset, make_dataset
from demo.training.encoder import neighbours_of_same_disease, train_encoder
from demo.training.evidence_noise import COMPARING, USUAL, EvidenceNoise
from demo.training.judging import Judge, Metrics
from demo.training.loop import fit
from demo.training.plan import Plan
from demo.training.question_batches import QuestionBatches
from demo.training.recipes import read_recipes
from demo.training.retrieval import CASES
from demo.training.tokenizer import train_tokenizer
from demo.training.tower_pretraining import PretrainingBatches, TowerPretraining, for_qwen
from hikari_serve.drawing.cases import draw_cases
from hikari_serve.drawing.others import draw_others

TUNING = 1e-3
"""Highest learning rate of a stage that is tuned from the shared model."""

log = logging.getLogger(__name__)


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
        self._dataset = self._draw(first=0, first_other=0)
        self._fresh = make_dataset(draw_cases(plan.judged, seed + 1))
        self._shelf = make_dataset(draw_cases(CASES, seed + 2))
        self._recipes = read_recipes(models)
        self._tokenizer = train_tokenizer(corpus(self._recipes, self._dataset.cases))
        self._rng = np.random.default_rng(seed)

    def train(self) -> None:
        """Trains, saves and judges all four models; the encoder first, which finds references."""
        encoder = self.train_references()
        shared = self._see()
        questions = self._questions(self._dataset, encoder)
        fit("shared", shared, questions.mixed, steps=self._plan.shared, peak=2e-3)
        fresh = self._questions(self._fresh, encoder)
        judge = Judge(fresh.ask, fresh.collator, self._tokenizer)

        group = copy.deepcopy(shared)
        fit("group", group, questions.group, steps=self._plan.group, peak=TUNING)
        self._keep("demo_group", group, judge.group)

        disease = copy.deepcopy(shared)
        fit("disease", disease, questions.disease, steps=self._plan.disease, peak=TUNING)
        self._compare(disease, encoder)
        self._keep("demo_disease", disease, judge.disease)

        caption = copy.deepcopy(shared)
        fit("caption", caption, questions.caption, steps=self._plan.caption, peak=TUNING)
        self._keep("demo_caption", caption, judge.caption)

    def train_references(self) -> CLIPModel:
        """Trains, saves and judges the reference encoder."""
        plan = self._plan
        model = train_encoder(
            make_dataset(draw_cases(plan.encoded, self._seed, "mixed")),
            self._tokenizer,
            self._rng,
            looking=plan.looking,
            references=plan.references,
        )
        folder = self._save("demo_references", model, architecture.clip_processor())
        saved = CLIPModel.from_pretrained(folder, dtype=torch.float32)
        agreement = neighbours_of_same_disease(saved, self._fresh, self._shelf)
        self._report(folder, {"neighbours_of_same_disease": agreement})
        return saved

    def _compare(self, disease: Qwen3VLForConditionalGeneration, encoder: CLIPModel) -> None:
        """Teaches the disease model what references are worth.

        Of a drawing that it learned from, it knows the disease without them; so these questions
        are about drawings that neither it nor the encoder has seen.
        """
        unknown = self._draw(first=self._plan.encoded, first_other=self._plan.others)
        questions = self._questions(unknown, encoder, COMPARING)
        fit("comparing", disease, questions.comparing, steps=self._plan.comparing, peak=TUNING)

    def _see(self) -> Qwen3VLForConditionalGeneration:
        """A new shared model, whose tower has learned to see."""
        model = architecture.vision_language_model(self._tokenizer)
        attend_at_once(model)
        questions = PretrainingBatches(self._dataset, self._rng, for_qwen)
        eyes = TowerPretraining(model.model.visual, architecture.WIDTH, questions.answers)
        fit(
            "pretraining",
            eyes,
            partial(questions.draw, 64),
            steps=self._plan.pretraining,
            peak=3e-3,
        )
        return model

    def _draw(self, *, first: int, first_other: int) -> Dataset:
        plan, seed = self._plan, self._seed
        return make_dataset(
            draw_cases(plan.drawings, seed, "mixed", first=first),
            draw_others(plan.others, seed, first=first_other),
        )

    def _questions(
        self, dataset: Dataset, encoder: CLIPModel, noise: EvidenceNoise = USUAL
    ) -> QuestionBatches:
        return QuestionBatches(dataset, self._recipes, self._tokenizer, encoder, self._rng, noise)

    def _keep(
        self,
        name: str,
        model: Qwen3VLForConditionalGeneration,
        judge: Callable[[Qwen3VLForConditionalGeneration], Metrics],
    ) -> None:
        folder = self._save(name, model, architecture.view_processor())
        architecture.write_video_processor(folder)
        saved = Qwen3VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
        self._report(folder, judge(saved))

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
