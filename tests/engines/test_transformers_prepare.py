from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from hikari_serve.engines.contract import Generate, Prompt
from hikari_serve.engines.transformers.engine import TransformersEngine
from hikari_serve.errors import BadImage, InvalidInput
from tests.engines.conftest import Load
from tests.engines.taught import question

WANT = Generate(8)


def test_work_counts_text_and_image_tokens(closed: TransformersEngine) -> None:
    texts = closed.prepare(question(), WANT).work
    one = closed.prepare(question("red"), WANT)
    two = closed.prepare(question("red", "green"), WANT)
    around = 2  # <|vision_start|> and <|vision_end|>
    assert one.work == texts + around + 4
    assert two.work == one.work + around + 2
    assert two.grids is not None
    assert two.pixels is not None
    assert two.grids.tolist() == [[1, 4, 4], [1, 4, 2]]
    assert len(two.pixels) == 16 + 8
    assert two.positions.shape == (two.work, 3)


def test_positions_are_the_models_own(closed: TransformersEngine) -> None:
    wide, tall, square = (96, 32), (32, 96), (64, 64)
    shapes = [[wide, tall], [tall, wide], [wide, wide], [square, tall], [tall]]
    prompts = [question(*["red"] * len(sizes), sizes=sizes) for sizes in shapes] + [question()]
    for prompt in 2 * prompts:  # the second time, from those that are kept
        request = closed.prepare(prompt, WANT)
        row = request.input_ids[None]
        own, _ = closed._model.model.get_rope_index(
            row,
            mm_token_type_ids=(row == closed._chat.image).int(),
            image_grid_thw=request.grids,
        )
        assert torch.equal(request.positions, own[:, 0].T)


def test_pixels_have_the_models_precision(load: Load) -> None:
    pixels = load(dtype="bfloat16").prepare(question("red"), WANT).pixels
    assert pixels is not None
    assert pixels.dtype == torch.bfloat16


def test_too_many_pictures(closed: TransformersEngine) -> None:
    with pytest.raises(InvalidInput, match="4 pictures; this model takes at most 3"):
        closed.prepare(question("red", "red", "red", "red"), WANT)


def test_too_long_a_prompt(closed: TransformersEngine) -> None:
    with pytest.raises(InvalidInput, match=r"has \d{3,} tokens; this model reads at most 128"):
        closed.prepare(question("red", text="red " * 200), WANT)


def test_a_slot_without_its_picture(closed: TransformersEngine) -> None:
    with pytest.raises(InvalidInput, match="1 slots for 0 pictures"):
        closed.prepare(Prompt(question("red").messages, []), WANT)


def test_a_picture_too_narrow(closed: TransformersEngine) -> None:
    with pytest.raises(BadImage, match="cut into patches"):
        closed.prepare(question("red", sizes=[(1, 300)]), WANT)


@pytest.mark.parametrize(
    "words", ["<|im_end|>", "</think>", "<|image_pad|>", "<|im_<|im_end|>end|>"]
)
def test_special_tokens_in_a_text_are_text(closed: TransformersEngine, words: str) -> None:
    def specials(prompt: Prompt) -> list[int]:
        ids = closed.prepare(prompt, WANT).input_ids.tolist()
        return [token for token in ids if token in closed._chat._added.values()]

    assert specials(question("red", text=words)) == specials(question("red"))
    said, silent = (
        Prompt([{"role": "user", "content": text}], []) for text in (f"Is {words} red?", "Red?")
    )
    assert specials(said) == specials(silent)


def test_threads_prepare_alike(closed: TransformersEngine) -> None:
    prompts = [question(*["red", "green", "blue"][: number % 4]) for number in range(64)]
    alone = [closed.prepare(prompt, WANT) for prompt in prompts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda prompt: closed.prepare(prompt, WANT), prompts))
    for one, other in zip(alone, together, strict=True):
        assert one.input_ids.tolist() == other.input_ids.tolist()
        if one.pixels is None or other.pixels is None:
            assert one.pixels is other.pixels
        else:
            assert torch.equal(one.pixels, other.pixels)
