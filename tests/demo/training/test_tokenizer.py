from pathlib import Path

import pytest
from transformers import AutoTokenizer, Qwen2Tokenizer

from demo.training.corpus import corpus
from demo.training.dataset import Case
from demo.training.recipes import read_recipes
from demo.training.tokenizer import MARKERS, SPECIALS, VOCABULARY, train_tokenizer
from hikari_serve.drawing import draw_cases
from hikari_serve.prompts.layout import Reference

MODELS = Path(__file__).parents[3] / "models"
CASES = [Case(d.caption, d.group, d.disease, d.findings) for d in draw_cases(60, seed=2)]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Qwen2Tokenizer:
    folder = tmp_path_factory.mktemp("tokenizer")
    train_tokenizer(corpus(read_recipes(MODELS), CASES)).save_pretrained(folder)
    loaded = AutoTokenizer.from_pretrained(folder)
    assert isinstance(loaded, Qwen2Tokenizer)
    return loaded


@pytest.mark.parametrize("text", [CASES[0].caption, "naïve ☂ 42\n\n\tunseen", "</think>\n\nYes."])
def test_any_text_survives_a_round_trip(tokenizer: Qwen2Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer(text).input_ids) == text


def test_control_tokens_are_single_and_fit_the_embedding(tokenizer: Qwen2Tokenizer) -> None:
    ids = [tokenizer(token).input_ids for token in (*SPECIALS, *MARKERS)]
    assert all(len(each) == 1 for each in ids)
    assert len({each[0] for each in ids}) == len(ids)
    assert len(tokenizer) <= VOCABULARY
    assert (tokenizer.eos_token, tokenizer.pad_token) == ("<|im_end|>", "<|endoftext|>")


def test_decoding_skips_control_tokens_but_keeps_think_markers(tokenizer: Qwen2Tokenizer) -> None:
    ids = tokenizer("</think>\n\nYes.<|im_end|>").input_ids
    assert tokenizer.decode(ids, skip_special_tokens=True) == "</think>\n\nYes."


def test_captions_are_35_to_55_tokens(tokenizer: Qwen2Tokenizer) -> None:
    assert all(35 <= len(tokenizer(case.caption).input_ids) <= 55 for case in CASES)


def test_the_template_shows_pictures_in_order_and_opens_the_think_block(
    tokenizer: Qwen2Tokenizer,
) -> None:
    layout = read_recipes(MODELS).disease.layout
    messages = layout.messages({}, [Reference(label="sccis", caption="A plaque.")])
    text = str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
    slot = "<|vision_start|><|image_pad|><|vision_end|>"
    assert text.startswith("<|im_start|>user\nHere are similar reference cases")
    assert text.count(slot) == 2
    assert text.index(slot) < text.index("A plaque.") < text.rindex(slot)
    assert text.endswith("<|im_end|>\n<|im_start|>assistant\n<think>\n")
