"""Lets the vision tower attend to all pictures of a batch in one call.

Without flash attention, transformers' Qwen3-VL calls its attention once for each picture. That is
right for pictures of any size, and slow for the many small ones of equal size that training sees.
"""

from types import MethodType

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import Qwen3VLForConditionalGeneration
from transformers.models.qwen3_vl.modeling_qwen3_vl import (
    Qwen3VLVisionAttention,
    apply_rotary_pos_emb_vision,
)


def attend_at_once(model: Qwen3VLForConditionalGeneration) -> None:
    """Changes how a model computes, not what: its pictures must all have one size from now on."""
    for block in model.model.visual.blocks:
        block.attn.forward = MethodType(_attend, block.attn)


def _attend(
    self: Qwen3VLVisionAttention,
    hidden_states: torch.Tensor,
    cu_seqlens: torch.Tensor,
    position_embeddings: tuple[torch.Tensor, torch.Tensor],
    **unused: object,
) -> torch.Tensor:
    """Stands for `Qwen3VLVisionAttention.forward`.

    Args:
        self: The module.
        hidden_states: (pictures * patches, width).
        cu_seqlens: (pictures + 1,), where each picture begins.
        position_embeddings: Cosines and sines of the patches' rotations.
        unused: What only other implementations need.
    """
    pictures = len(cu_seqlens) - 1
    parts = self.qkv(hidden_states).view(len(hidden_states), 3, self.num_heads, self.head_dim)
    query, key, value = parts.unbind(1)
    query, key = apply_rotary_pos_emb_vision(query, key, *position_embeddings)
    query, key, value = (
        part.reshape(pictures, -1, self.num_heads, self.head_dim).transpose(1, 2)
        for part in (query, key, value)
    )
    mixed = scaled_dot_product_attention(query, key, value, scale=self.scaling)
    out: torch.Tensor = self.proj(mixed.transpose(1, 2).reshape(hidden_states.shape))
    return out
