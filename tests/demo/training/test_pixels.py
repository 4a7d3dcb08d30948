import torch

from demo.training.architecture import clip_processor, view_processor
from demo.training.dataset import make_dataset, view_of
from demo.training.pixels import grids, patches, squares
from hikari_serve.drawing import draw_cases

DRAWINGS = [drawing.image for drawing in draw_cases(3, seed=9)]
VIEWS = make_dataset(draw_cases(3, seed=9)).views


def test_patches_are_those_of_the_stages_processor() -> None:
    served = view_processor()([view_of(image) for image in DRAWINGS], return_tensors="pt")
    torch.testing.assert_close(patches(VIEWS).flatten(0, 1), served["pixel_values"])
    assert grids(3).tolist() == served["image_grid_thw"].tolist()


def test_squares_are_those_of_the_encoders_processor() -> None:
    served = clip_processor()([view_of(image) for image in DRAWINGS], return_tensors="pt")
    torch.testing.assert_close(squares(VIEWS), served["pixel_values"], atol=1e-5, rtol=0)
