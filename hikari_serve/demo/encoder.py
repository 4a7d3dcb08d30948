"""The reference encoder in training: it learns to see, then to match pictures with words."""

from functools import partial

import numpy as np
from transformers import CLIPModel, Qwen2Tokenizer

from hikari_serve.demo.architecture import CLIP_WIDTH, image_text_encoder
from hikari_serve.demo.contrastive import embed, paired_batch
from hikari_serve.demo.pool import Pool
from hikari_serve.demo.seeing import Seeing, SeeingBatches, for_clip
from hikari_serve.demo.training import fit

LESSON, PAIRS = 64, 128
"""Pictures in a batch of either phase."""


def train_encoder(
    pool: Pool,
    tokenizer: Qwen2Tokenizer,
    rng: np.random.Generator,
    *,
    looking: int,
    references: int,
) -> CLIPModel:
    """Trains a reference encoder from scratch.

    Args:
        pool: Drawings with their captions.
        tokenizer: The family's.
        rng: Draws the batches.
        looking: Optimiser steps in which its vision tower learns to tell what is drawn.
        references: Optimiser steps in which pictures and words learn to match.
    """
    model = image_text_encoder(tokenizer)
    lessons = SeeingBatches(pool, rng, for_clip)
    eyes = Seeing(model.vision_model, CLIP_WIDTH, lessons.answers)
    fit("looking", eyes, partial(lessons.draw, LESSON), steps=looking, peak=2e-3)
    pairs = partial(paired_batch, pool, tokenizer, rng, PAIRS)
    fit("references", model, pairs, steps=references, peak=5e-4)
    return model


def neighbours_of_same_disease(encoder: CLIPModel, queries: Pool, shelf: Pool) -> float:
    """The share of each query's three nearest on a shelf that show its disease."""
    scores = embed(encoder, queries) @ embed(encoder, shelf).T
    hits = [
        shelf.cases[index].disease == queries.cases[row].disease
        for row, found in enumerate(scores.topk(3).indices.tolist())
        for index in found
    ]
    return round(float(np.mean(hits)), 4)
