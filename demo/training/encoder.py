"""The reference encoder in training: it learns to see, then to match pictures with words."""

from functools import partial

import numpy as np
from transformers import CLIPModel, Qwen2Tokenizer

from demo.training.architecture import CLIP_WIDTH, image_text_encoder
from demo.training.contrastive import embed, paired_batch
from demo.training.dataset import Dataset
from demo.training.loop import fit
from demo.training.tower_pretraining import PretrainingBatches, TowerPretraining, for_clip

LESSON, PAIRS = 64, 128
"""Pictures in a batch of either phase."""


def train_encoder(
    dataset: Dataset,
    tokenizer: Qwen2Tokenizer,
    rng: np.random.Generator,
    *,
    looking: int,
    references: int,
) -> CLIPModel:
    """Trains a reference encoder from scratch.

    Args:
        dataset: Drawings with their captions.
        tokenizer: The family's.
        rng: Draws the batches.
        looking: Optimiser steps in which its vision tower learns to tell what is drawn.
        references: Optimiser steps in which pictures and words learn to match.
    """
    model = image_text_encoder(tokenizer)
    questions = PretrainingBatches(dataset, rng, for_clip)
    eyes = TowerPretraining(model.vision_model, CLIP_WIDTH, questions.answers)
    fit("looking", eyes, partial(questions.draw, LESSON), steps=looking, peak=2e-3)
    pairs = partial(paired_batch, dataset, tokenizer, rng, PAIRS)
    fit("references", model, pairs, steps=references, peak=5e-4)
    return model


def neighbours_of_same_disease(encoder: CLIPModel, queries: Dataset, retrieval: Dataset) -> float:
    """The share of each query's three nearest cases that show its disease."""
    scores = embed(encoder, queries) @ embed(encoder, retrieval).T
    hits = [
        retrieval.cases[index].disease == queries.cases[row].disease
        for row, found in enumerate(scores.topk(3).indices.tolist())
        for index in found
    ]
    return round(float(np.mean(hits)), 4)
