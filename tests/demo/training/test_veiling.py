import numpy as np
import torch

from demo.training.batches import Batch
from demo.training.dataset import make_dataset
from demo.training.examples import Example
from demo.training.pixels import patches
from demo.training.tokenizer import train_tokenizer
from demo.training.veiling import CLEAREST, FAINTEST, VeilingCollator, veil
from hikari_serve.drawing import draw_cases
from hikari_serve.drawing.others import draw_others

POOL = make_dataset(draw_cases(4, seed=9), draw_others(1, seed=9))
OTHER = 4


def shown(share: float, *pictures: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The patches of a question's pictures, as the batch has them and without any veil."""
    tokenizer = train_tokenizer(["a lesion"])
    collator = VeilingCollator(tokenizer, POOL, share, np.random.default_rng(0))
    example = Example(pictures[-1], pictures, "<|image_pad|>" * len(pictures), "yes")
    batch: Batch = collator.training([example])
    plain = patches(POOL.views[list(pictures)])
    return batch["pixel_values"].view_as(plain), plain


def test_a_veil_keeps_the_mean_colour_and_little_contrast() -> None:
    views = POOL.views.float()
    veiled = veil(POOL.views, np.random.default_rng(0))
    torch.testing.assert_close(veiled.mean((1, 2)), views.mean((1, 2)), atol=1e-2, rtol=0)
    kept = veiled.std((1, 2)) / views.std((1, 2))
    lesions = kept[: POOL.lesions]
    assert ((lesions > FAINTEST - 1e-3) & (lesions < CLEAREST + 1e-3)).all()


def test_only_the_picture_that_is_asked_about_is_veiled() -> None:
    seen, plain = shown(1.0, 1, 2, 0)
    assert torch.equal(seen[:2], plain[:2])
    assert not torch.equal(seen[2], plain[2])


def test_nothing_is_veiled_without_a_reference_or_a_lesion_or_a_share() -> None:
    for share, pictures in ((1.0, (0,)), (1.0, (1, 2, OTHER)), (0.0, (1, 2, 0))):
        seen, plain = shown(share, *pictures)
        assert torch.equal(seen, plain)
