"""Views as the towers take them: what the models' processors make of a square view, many at once.

The processors take pictures one by one and in floating point, four times a view's size; a dataset
keeps views and has this module turn the few of a batch.
"""

import torch

from demo.training.architecture import MERGE, PATCH, VIEW, clip_processor

FRAMES = 2
"""Times that a patch of a still picture is repeated: the temporal patch size."""


def patches(views: torch.Tensor) -> torch.Tensor:
    """Cuts square views into patches, as `architecture.view_processor` does.

    Args:
        views: (N, 128, 128, 3), from 0 to 255.

    Returns:
        (N, 64, 1536), the four patches of an image token one after another.
    """
    side = VIEW // PATCH // MERGE
    pixels = (views.float() / 255 - 0.5) / 0.5
    rows_and_columns = pixels.view(-1, side, MERGE, PATCH, side, MERGE, PATCH, 3)
    # token's row and column, patch's row and column in the token, colour, pixel's row and column
    cut = rows_and_columns.permute(0, 1, 4, 2, 5, 7, 3, 6)
    frames = cut.unsqueeze(6).expand(*cut.shape[:6], FRAMES, PATCH, PATCH)
    return frames.reshape(len(views), (VIEW // PATCH) ** 2, -1)


def grids(pictures: int) -> torch.Tensor:
    """The (time, height, width) in patches of some square views, (N, 3)."""
    side = VIEW // PATCH
    return torch.tensor([[1, side, side]] * pictures)


def squares(views: torch.Tensor) -> torch.Tensor:
    """Normalises square views, as `architecture.clip_processor` does.

    Args:
        views: (N, 128, 128, 3) uint8.

    Returns:
        (N, 3, 128, 128).
    """
    processor = clip_processor()
    mean, std = torch.tensor(processor.image_mean), torch.tensor(processor.image_std)
    return ((views.float() / 255 - mean) / std).permute(0, 3, 1, 2)
