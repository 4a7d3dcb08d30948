"""Training data and judgement of the reference encoder, a CLIP of views and captions."""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import CLIPModel, Qwen2Tokenizer

from hikari_serve.demo.batches import Batch
from hikari_serve.demo.captions import NAMES
from hikari_serve.demo.pixels import squares
from hikari_serve.demo.pool import Pool

END = "<|endoftext|>"
"""Ends every text; the encoder reads the text's meaning at the first of these."""
NAMED = 0.9
"""Share of the pictures that are paired with the name of their disease and nothing else."""


def text_ids(tokenizer: Qwen2Tokenizer, texts: Sequence[str]) -> torch.Tensor:
    """Token ids of some texts, (N, longest), padded on the right with their end."""
    rows = [torch.tensor(tokenizer(text + END).input_ids) for text in texts]
    return torch.nn.utils.rnn.pad_sequence(
        rows, batch_first=True, padding_value=tokenizer.get_added_vocab()[END]
    )


def paired_batch(
    pool: Pool, tokenizer: Qwen2Tokenizer, rng: np.random.Generator, size: int
) -> Batch:
    """Views of lesions with their words, for the symmetric contrastive loss.

    Most of the words are the disease's name alone, for what is nearest should share its disease
    before its findings.
    """
    picked = rng.choice(pool.lesions, min(size, pool.lesions), replace=False)
    cases = [pool.cases[index] for index in picked]
    words = [NAMES[str(case.disease)] if rng.random() < NAMED else case.caption for case in cases]
    return {
        "pixel_values": squares(pool.views[picked]),
        "input_ids": text_ids(tokenizer, words),
        "return_loss": torch.tensor(True),
    }


@torch.inference_mode()
def embed(model: CLIPModel, pool: Pool) -> torch.Tensor:
    """The pool's pictures as the encoder sees them, (N, 64), of length one."""
    features = [
        model.get_image_features(pixel_values=squares(views)).pooler_output
        for views in torch.split(pool.views, 256)
    ]
    return torch.nn.functional.normalize(torch.cat(features), dim=-1)
