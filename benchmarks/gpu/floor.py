"""The time below which no program can answer on a device: its arithmetic, or its weights' way.

A roofline: a pass over the model takes at least its floating-point operations at the peak rate,
and at least its bytes at the peak bandwidth. What is left out (norms, activations, kernel starts)
only makes the real time longer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import torch
from transformers import Qwen3VLForConditionalGeneration

from hikari_serve.planning.quantized import LINEAR_BYTES


@dataclass(frozen=True, slots=True)
class Peak:
    """What a device can do at most.

    Attributes:
        flops: Floating-point operations a second, in bfloat16 (float32 on a CPU).
        flops_8bit: The same in FP8; that of bfloat16 where it has no FP8.
        bandwidth: Bytes a second from its memory.
        source: Who says so.
    """

    flops: float
    flops_8bit: float
    bandwidth: float
    source: str

    @classmethod
    def of(cls, device: torch.device, dtype: torch.dtype) -> "Peak":
        """The published peak of a known card, else what a matrix product and a copy reach."""
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
        if name in PUBLISHED and dtype == torch.bfloat16:
            flops, flops_8bit, bandwidth = (value * 1e12 for value in PUBLISHED[name])
            return cls(flops, flops_8bit, bandwidth, f"NVIDIA's data sheet of the {name}")
        flops, bandwidth = reached(device, dtype)
        words = "measured there with a matrix product and a copy, so no hard floor"
        return cls(flops, flops, bandwidth, words)


PUBLISHED = {
    "NVIDIA A100-SXM4-40GB": (312.0, 312.0, 1.555),
    "NVIDIA A100-SXM4-80GB": (312.0, 312.0, 2.039),
    "NVIDIA H100 80GB HBM3": (989.4, 1978.9, 3.35),
    "NVIDIA H100 PCIe": (756.0, 1513.0, 2.0),
    "NVIDIA H200": (989.4, 1978.9, 4.8),
    "NVIDIA L4": (121.0, 242.5, 0.3),
    "NVIDIA L40S": (362.0, 733.0, 0.864),
}
"""Dense TFLOP/s in bfloat16 and in FP8, and TB/s, by the name that torch gives a card; from the
data sheets."""


@dataclass(frozen=True, slots=True)
class Work:
    """What the parts of a model cost.

    Attributes:
        patch: Weights that each patch passes in the vision tower.
        merged: Weights that each image token passes on its way out of it.
        token: Weights that each token passes in the language model.
        head: Weights of its head.
        patch_pair: Operations for each pair of patches of a picture that see one another.
        token_pair: The same for tokens.
        cached: Bytes that a token leaves in the key-value cache.
        weight: Bytes of a weight.
        linear: Bytes of a weight of the language model's layers, which quantisation makes less.
    """

    patch: int
    merged: int
    token: int
    head: int
    patch_pair: int
    token_pair: int
    cached: int
    weight: int
    linear: float

    @classmethod
    def of(cls, model: Qwen3VLForConditionalGeneration, quantization: str | None = None) -> "Work":
        """Counts the linear layers of a model; it may lie on the meta device.

        Args:
            model: The model.
            quantization: Of the language model's layers.
        """
        text: Any = model.config.text_config
        vision: Any = model.config.vision_config
        tower = model.model.visual
        size = model.dtype.itemsize
        return cls(
            patch=_matrices(tower.blocks) + tower.patch_embed.proj.weight.numel(),
            merged=_matrices(tower.merger) + _matrices(tower.deepstack_merger_list),
            token=_matrices(model.model.language_model.layers),
            head=model.lm_head.weight.numel(),
            patch_pair=4 * vision.depth * vision.hidden_size,
            token_pair=4 * text.num_hidden_layers * text.num_attention_heads * text.head_dim,
            cached=2 * text.num_hidden_layers * text.num_key_value_heads * text.head_dim * size,
            weight=size,
            linear=LINEAR_BYTES[quantization] if quantization else size,
        )

    def prompt_flops(self, tokens: int, pictures: list[int], merge: int) -> float:
        """Operations to read a prompt and the place behind it.

        Args:
            tokens: Of the prompt, image tokens included.
            pictures: Patches of each picture.
            merge: Patches that become one token.
        """
        patches = sum(pictures)
        linear = self.patch * patches + self.merged * patches // merge + self.token * tokens
        seen = self.patch_pair * sum(count**2 for count in pictures)
        # a token sees those before it and itself: half of all pairs
        return 2.0 * (linear + self.head) + seen + self.token_pair * tokens * (tokens + 1) / 2

    def prompt_bytes(self, *, pictures: bool) -> float:
        """Weights that are read once for a whole batch of prompts."""
        tower = self.patch + self.merged if pictures else 0
        return self.weight * (tower + self.head) + self.linear * self.token

    def seconds(
        self, peak: Peak, batch: int, tokens: int, pictures: list[int], merge: int, steps: int
    ) -> float:
        """The floor of a batch: its prompts, and then steps of one token for each.

        Args:
            peak: Of the device.
            batch: Prompts.
            tokens: Of each prompt.
            pictures: Patches of each picture of a prompt.
            merge: Patches that become one token.
            steps: Passes after the first.
        """
        rate = peak.flops_8bit if self.linear == 1 else peak.flops
        first = max(
            batch * self.prompt_flops(tokens, pictures, merge) / rate,
            self.prompt_bytes(pictures=bool(pictures)) / peak.bandwidth,
        )
        step = max(
            2.0 * batch * (self.token + self.head) / rate,
            (self.prompt_bytes(pictures=False) + batch * tokens * self.cached) / peak.bandwidth,
        )
        return first + steps * step


def _matrices(part: torch.nn.Module) -> int:
    return sum(
        module.weight.numel() for module in part.modules() if type(module) is torch.nn.Linear
    )


def reached(device: torch.device, dtype: torch.dtype) -> tuple[float, float]:
    """Operations and bytes a second of a matrix product and a copy: the best of some tries."""
    side, length = (8192, 1 << 30) if device.type == "cuda" else (1024, 1 << 26)
    left, right = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    source = torch.empty(length, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    product = _best(lambda: torch.matmul(left, right), device)
    copy = _best(lambda: target.copy_(source), device)
    return 2 * side**3 / product, 2 * length / copy


def _best(action: Callable[[], object], device: torch.device, tries: int = 5) -> float:
    spent = []
    for _ in range(tries):
        began = perf_counter()
        action()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        spent.append(perf_counter() - began)
    return min(spent)
