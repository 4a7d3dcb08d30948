"""How many parameters a Qwen3-VL has in which parts: counted on the model itself, without memory.

The model is built from its configuration on torch's meta device, where a tensor has a shape and
nothing else, so the counts are those of the code that runs it and not of a formula.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

from hikari_serve.errors import ConfigError

SHIPPED = Path(__file__).with_name("architectures") / "qwen3_vl_8b" / "config.json"
"""What HIKARI's 8B models are, for weights that are not here to be asked; beside it lie the
settings of their image processor."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """The shapes that memory depends on.

    Attributes:
        name: What it was read from.
        layers: Of the language model.
        kv_heads: Key and value heads of a layer.
        head_dim: Size of a head.
        hidden: Size of a token's state in the language model.
        intermediate: Size of its feed-forward layer.
        vocabulary: Tokens that it can write.
        patch: Side of a patch in pixels.
        merge: Patches along a side that become one token.
        vision_hidden: Size of a patch's state.
        vision_intermediate: Size of the vision tower's feed-forward layer.
        vision: Parameters of the vision tower, its mergers included.
        embeddings: Parameters of the token embeddings, and of the head unless it shares them.
        linear: Parameters of the language model's linear layers: what quantisation makes smaller.
        other: Its other parameters, which are norms.
        lora: Parameters of an adapter of rank 1 on every linear layer, vision included.
    """

    name: str
    layers: int
    kv_heads: int
    head_dim: int
    hidden: int
    intermediate: int
    vocabulary: int
    patch: int
    merge: int
    vision_hidden: int
    vision_intermediate: int
    vision: int
    embeddings: int
    linear: int
    other: int
    lora: int

    @property
    def parameters(self) -> int:
        """All of them."""
        return self.vision + self.embeddings + self.linear + self.other


@lru_cache
def read_architecture(path: Path) -> Architecture:
    """Counts the model that a `config.json` describes.

    Raises:
        ConfigError: The file is missing, or describes no Qwen3-VL.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from None
    if content.get("model_type") != "qwen3_vl":
        raise ConfigError(f"{path}: only a qwen3_vl can be planned for")
    content.pop("quantization_config", None)
    config = Qwen3VLConfig.from_dict(content)
    with torch.device("meta"):
        model = Qwen3VLForConditionalGeneration(config)  # type: ignore[no-untyped-call]
    sizes = dict.fromkeys(("vision", "embeddings", "linear", "other"), 0)
    for name, parameter in model.named_parameters():
        sizes[_part(name, parameter)] += parameter.numel()
    lora = sum(
        module.in_features + module.out_features
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and name != "lm_head"
    )
    text: Any = config.text_config
    vision: Any = config.vision_config
    return Architecture(
        name=path.parent.name if path == SHIPPED else str(path),
        layers=text.num_hidden_layers,
        kv_heads=text.num_key_value_heads,
        head_dim=text.head_dim,
        hidden=text.hidden_size,
        intermediate=text.intermediate_size,
        vocabulary=text.vocab_size,
        patch=vision.patch_size,
        merge=vision.spatial_merge_size,
        vision_hidden=vision.hidden_size,
        vision_intermediate=vision.intermediate_size,
        lora=lora,
        **sizes,
    )


def _part(name: str, parameter: torch.nn.Parameter) -> str:
    if ".visual." in name or name.startswith("visual."):
        return "vision"
    if "embed_tokens" in name or "lm_head" in name:
        return "embeddings"
    return "linear" if parameter.ndim == 2 else "other"
