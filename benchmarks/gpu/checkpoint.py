"""Writes a checkpoint of random weights, once, to where it can be read fast: the memory.

Every engine reads the same files, so that all are measured as they would load real ones.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from transformers import Qwen2VLImageProcessorPil, Qwen3VLConfig, Qwen3VLForConditionalGeneration
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from hikari_serve.engines.chat import Chat

SHARD = 4_000_000_000
"""Bytes of a file of weights at most."""

SPREAD = 0.02
"""Standard deviation of the weights; that of Qwen3-VL before it is trained."""

CONSTANT = 1e4
"""What every word's embedding has in its first place, far above all that the layers add to any: the
norm before the head turns it into about the root of the width, whatever was read."""

CERTAIN = 32.0
"""The logit of a likely token. Those of the others are their random weights' and far below."""


def write_checkpoint(
    folder: Path,
    config: Qwen3VLConfig,
    tokenizer: PreTrainedTokenizerBase,
    pictures: Qwen2VLImageProcessorPil,
    never: set[int],
    likely: Callable[[Chat], frozenset[int]],
    dtype: torch.dtype,
) -> None:
    """Writes one, which appears when it is whole; does nothing where one is.

    Args:
        folder: Where to.
        config: Its shapes.
        tokenizer: Its words, with their chat template.
        pictures: Cuts its pictures.
        never: Tokens that it never chooses, so that an answer is as long as it is asked for: their
            logit is 0, and some other is always above that.
        likely: Names the tokens that it finds likely, each as much as the others.
        dtype: Precision of the weights.
    """
    if folder.exists():
        return
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    tokenizer.save_pretrained(partial)
    pictures.save_pretrained(partial)
    config.architectures = ["Qwen3VLForConditionalGeneration"]
    config.dtype = dtype
    text: Any = config.text_config
    config.tie_word_embeddings = text.tie_word_embeddings = False
    config.save_pretrained(partial)
    places: dict[str, str] = {}
    for number, shard in enumerate(_shards(config, never, likely(Chat(partial)), dtype)):
        name = f"model-{number:05}.safetensors"
        save_file(shard, partial / name, {"format": "pt"})
        (partial / name).chmod(0o644)
        places |= dict.fromkeys(shard, name)
    size = sum(path.stat().st_size for path in partial.glob("*.safetensors"))
    index = {"metadata": {"total_size": size}, "weight_map": places}
    (partial / "model.safetensors.index.json").write_text(json.dumps(index))
    partial.rename(folder)


def _shards(
    config: Qwen3VLConfig, never: set[int], likely: frozenset[int], dtype: torch.dtype
) -> Iterator[dict[str, torch.Tensor]]:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    chance = torch.Generator(device).manual_seed(0)
    with torch.device("meta"):
        model = Qwen3VLForConditionalGeneration(config)  # type: ignore[no-untyped-call]
    shard: dict[str, torch.Tensor] = {}
    for name, shape in model.state_dict().items():
        if shape.ndim == 1:  # norms and biases
            weight = torch.full_like(shape, float(name.endswith("norm.weight")), device=device)
        else:
            weight = torch.empty(shape.shape, device=device, dtype=torch.float32)
            weight.normal_(0, SPREAD, generator=chance)
        if name == "model.language_model.embed_tokens.weight":
            weight[:, 0] = CONSTANT
        if name == "lm_head.weight":
            weight[sorted(never | likely)] = 0
            weight[sorted(likely), 0] = CERTAIN / weight.shape[1] ** 0.5
        shard[name] = weight.to("cpu", dtype).contiguous()
        if sum(tensor.nbytes for tensor in shard.values()) > SHARD:
            yield shard
            shard = {}
    yield shard
