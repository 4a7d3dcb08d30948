"""The shapes of the demo models: the real ones' classes, some thousand times smaller."""

import json
from pathlib import Path

from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    GenerationConfig,
    Qwen2Tokenizer,
    Qwen2VLImageProcessorPil,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
)

from demo.training.tokenizer import VOCABULARY

VIEW = 128
"""Longest side of a view in pixels."""
WIDTH = 128
"""Size of a token's vector, in the text and out of the vision tower."""
PATCH = 16
MERGE = 2
CLIP_WIDTH = 128
"""Size of a patch's vector in the vision tower of the reference encoder."""
EMBEDDING = 64
"""Size of the vector that the reference encoder makes of a picture or a text."""


def view_processor() -> Qwen2VLImageProcessorPil:
    """Cuts a view into patches: 128 x 128 pixels become 64 patches and 16 image tokens."""
    return Qwen2VLImageProcessorPil(
        patch_size=PATCH,
        merge_size=MERGE,
        temporal_patch_size=2,
        size={"shortest_edge": (VIEW // 2) ** 2, "longest_edge": VIEW**2},
        image_mean=[0.5, 0.5, 0.5],
        image_std=[0.5, 0.5, 0.5],
    )


def clip_processor() -> CLIPImageProcessorPil:
    """Resizes and crops a view to the square that the reference encoder sees."""
    return CLIPImageProcessorPil(
        size={"shortest_edge": VIEW}, crop_size={"height": VIEW, "width": VIEW}
    )


def vision_language_model(tokenizer: Qwen2Tokenizer) -> Qwen3VLForConditionalGeneration:
    """A Qwen3-VL of about two million parameters, randomly initialised.

    Engines ask that the m-rope sections sum to half the head size, that the text model is at
    least as deep as the list of deepstack layers, and that a vision head is 32 wide.
    """
    ids = _ids(tokenizer)
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": VOCABULARY,
            "hidden_size": WIDTH,
            "intermediate_size": 320,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 64,
            "initializer_range": 0.05,
            "max_position_embeddings": 4096,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_section": [12, 10, 10],
                "mrope_interleaved": True,
            },
            "tie_word_embeddings": True,
            "eos_token_id": ids["<|im_end|>"],
            "pad_token_id": ids["<|endoftext|>"],
        },
        vision_config={
            "depth": 4,
            "hidden_size": 96,
            "intermediate_size": 256,
            "num_heads": 3,
            "initializer_range": 0.05,
            "patch_size": PATCH,
            "spatial_merge_size": MERGE,
            "temporal_patch_size": 2,
            "out_hidden_size": WIDTH,
            "num_position_embeddings": (VIEW // PATCH) ** 2,
            "deepstack_visual_indexes": [1, 2],
        },
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=True,
    )
    model = Qwen3VLForConditionalGeneration(config)  # type: ignore[no-untyped-call]
    model.generation_config = GenerationConfig.from_dict(
        {
            "eos_token_id": ids["<|im_end|>"],
            "pad_token_id": ids["<|endoftext|>"],
            "do_sample": False,
        }
    )
    return model


def image_text_encoder(tokenizer: Qwen2Tokenizer) -> CLIPModel:
    """A CLIP of about 1.3 million parameters; a text ends with `<|endoftext|>`."""
    end = _ids(tokenizer)["<|endoftext|>"]
    return CLIPModel(
        CLIPConfig(
            text_config={
                "hidden_size": 96,
                "intermediate_size": 256,
                "num_hidden_layers": 3,
                "num_attention_heads": 3,
                "projection_dim": EMBEDDING,
                "vocab_size": VOCABULARY,
                "max_position_embeddings": 77,
                "eos_token_id": end,
                "bos_token_id": end,
                "pad_token_id": end,
            },
            vision_config={
                "hidden_size": CLIP_WIDTH,
                "intermediate_size": 342,
                "num_hidden_layers": 4,
                "num_attention_heads": 4,
                "projection_dim": EMBEDDING,
                "image_size": VIEW,
                "patch_size": PATCH,
            },
            projection_dim=EMBEDDING,
        )
    )


def write_video_processor(folder: Path) -> None:
    """Writes the settings of the video processor, which engines load even if no video comes."""
    settings = {
        "video_processor_type": "Qwen3VLVideoProcessor",
        "patch_size": PATCH,
        "merge_size": MERGE,
        "temporal_patch_size": 2,
        "size": {"shortest_edge": VIEW**2, "longest_edge": 8 * VIEW**2},
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    }
    text = json.dumps(settings, indent=2) + "\n"
    (folder / "video_preprocessor_config.json").write_text(text, encoding="utf-8")


def _ids(tokenizer: Qwen2Tokenizer) -> dict[str, int]:
    return {str(token): int(number) for token, number in tokenizer.get_added_vocab().items()}
