"""Training data and judgement of the reference encoder, a CLIP of views and captions."""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import CLIPModel, Qwen2Tokenizer

from demo.training.batches import Batch
from demo.training.dataset import Dataset
from demo.training.pixels import squares
from hikari_serve.drawing.captions import NAMES

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
    dataset: Dataset, tokenizer: Qwen2Tokenizer, rng: np.random.Generator, size: int
) -> Batch:
    """Views of lesions with their words, for the symmetric contrastive loss.

    Most of the words are the disease's name alone, for what is nearest should share its disease
    before its findings.
    """
    picked = rng.choice(dataset.lesions, min(size, dataset.lesions), replace=False)
    cases = [dataset.cases[index] for index in picked]
    words = [NAMES[str(case.disease)] if rng.random() < NAMED else case.caption for case in cases]
    return {
        "pixel_values": squares(dataset.views[picked]),
        "input_ids": text_ids(tokenizer, words),
        "return_loss": torch.tensor(True),
    }


@torch.inference_mode()
def embed(model: CLIPModel, dataset: Dataset) -> torch.Tensor:
    """The dataset's pictures as the encoder sees them, (N, 64), of length one."""
    features = [
        model.get_image_features(pixel_values=squares(views)).pooler_output
        for views in torch.split(dataset.views, 256)
    ]
    return torch.nn.functional.normalize(torch.cat(features), dim=-1)
