from pathlib import Path

import torch
from transformers import Qwen3VLForConditionalGeneration

from demo.training.attention import attend_at_once

FOLDER = Path(__file__).parents[3] / "models" / "demo_group" / "1"


@torch.inference_mode()
def test_pictures_attended_at_once_look_the_same() -> None:
    model = Qwen3VLForConditionalGeneration.from_pretrained(FOLDER, dtype=torch.float32)
    pixels = torch.randn(3 * 64, 1536, generator=torch.Generator().manual_seed(0))
    grids = torch.tensor([[1, 8, 8]] * 3)
    apart = model.model.visual(pixels, grid_thw=grids).pooler_output
    attend_at_once(model)
    together = model.model.visual(pixels, grid_thw=grids).pooler_output
    torch.testing.assert_close(together, apart, atol=1e-5, rtol=1e-4)
