import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    AutoImageProcessor,
    AutoTokenizer,
    CLIPImageProcessorPil,
    CLIPModel,
    Qwen2Tokenizer,
    Qwen2VLImageProcessorPil,
    Qwen3VLForConditionalGeneration,
)

from demo.training.batches import IGNORED, Collator
from demo.training.dataset import Dataset, make_dataset, view_of
from demo.training.examples import Examples
from demo.training.family import Family
from demo.training.plan import Plan
from demo.training.recipes import read_recipes
from demo.training.retrieval import CaseRetrieval
from hikari_serve.drawing import draw_case, draw_cases
from hikari_serve.drawing.others import draw_others

MODELS = Path(__file__).parents[3] / "models"
STAGES = ("demo_group", "demo_disease", "demo_caption")
TINY = Plan(
    drawings=20,
    others=6,
    encoded=20,
    judged=4,
    looking=2,
    pretraining=2,
    shared=2,
    group=1,
    disease=1,
    comparing=3,
    caption=1,
    references=2,
)


class Log(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture(scope="module")
def log() -> Iterator[Log]:
    handler, demo = Log(), logging.getLogger("demo")
    level = demo.level
    demo.addHandler(handler)
    demo.setLevel(logging.INFO)
    yield handler
    demo.removeHandler(handler)
    demo.setLevel(level)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, log: Log) -> Path:
    out = tmp_path_factory.mktemp("models")
    Family(MODELS, out, seed=0, plan=TINY).train()
    return out


def read_tokenizer(folder: Path) -> Qwen2Tokenizer:
    """The tokenizer that the folder itself asks for."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert isinstance(tokenizer, Qwen2Tokenizer)
    return tokenizer


def examples(folder: Path, drawings: int, others: int = 0) -> tuple[Examples, Dataset]:
    """Questions about a few fresh pictures, whose references are near at random."""
    dataset = make_dataset(draw_cases(drawings, seed=9), draw_others(others, seed=9))
    rng = np.random.default_rng(0)
    retrieval = CaseRetrieval(
        dataset, torch.from_numpy(rng.normal(size=(len(dataset.cases), 8))), rng
    )
    tokenizer = read_tokenizer(folder)
    return Examples(dataset, read_recipes(MODELS), tokenizer, retrieval, rng), dataset


@pytest.mark.parametrize("name", STAGES)
def test_saved_stages_load_and_answer(trained: Path, name: str) -> None:
    folder = trained / name / "1"
    loaded: Any = Qwen3VLForConditionalGeneration.from_pretrained(
        folder, dtype=torch.float32, output_loading_info=True
    )
    model, report = loaded
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    tokenizer = read_tokenizer(folder)
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    ask, dataset = examples(folder, 10)
    batch = Collator(tokenizer, dataset.views).prompts([ask.group(0), ask.disease(1, (2, 3, 4))])
    ids = model.generate(**batch, max_new_tokens=2)
    assert ids.shape[0] == 2


def test_saved_encoder_embeds_pictures(trained: Path) -> None:
    folder = trained / "demo_references" / "1"
    model = CLIPModel.from_pretrained(folder, dtype=torch.float32)
    cropper = CLIPImageProcessorPil.from_pretrained(folder)
    pixels = cropper(view_of(draw_case(0, seed=0).image), return_tensors="pt")["pixel_values"]
    assert model.get_image_features(pixel_values=pixels).pooler_output.shape == (1, 64)


def test_weights_are_small_bfloat16_and_reported(trained: Path) -> None:
    for name in (*STAGES, "demo_references"):
        folder = trained / name / "1"
        assert sum(file.stat().st_size for file in folder.iterdir()) < 12_000_000
        assert json.loads((folder / "config.json").read_text())["dtype"] == "bfloat16"
        assert json.loads((folder / "metrics.json").read_text())["seed"] == 0


def test_a_square_view_is_sixteen_image_tokens(trained: Path) -> None:
    cutter = AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
        trained / "demo_group" / "1", backend="pil"
    )
    assert isinstance(cutter, Qwen2VLImageProcessorPil)
    view = view_of(draw_case(0, seed=0).image)
    grid = cutter(view, return_tensors="pt")["image_grid_thw"]
    assert int(grid.prod()) // cutter.merge_size**2 == 16
    wide = cutter(view.crop((0, 0, 128, 64)), return_tensors="pt")["image_grid_thw"]
    assert wide.tolist() == [[1, 4, 8]]


def test_labels_cover_the_answer_alone(trained: Path) -> None:
    folder = trained / "demo_group" / "1"
    tokenizer = read_tokenizer(folder)
    ask, dataset = examples(folder, 10, others=1)
    asked = [ask.group(0), ask.disease(4, group="acne"), ask.group(10), ask.disease(10)]
    batch = Collator(tokenizer, dataset.views).training(asked)
    for row, answer in zip(
        batch["labels"],
        (
            "</think>\n\n4. Acne & Follicular Disorders<|im_end|>",
            "</think>\n\nThis image shows squamous cell carcinoma in situ.<|im_end|>",
            "</think>\n\n0. None of these categories<|im_end|>",
            "</think>\n\nThis image shows no skin lesion.<|im_end|>",
        ),
        strict=True,
    ):
        assert tokenizer.decode(row[row != IGNORED]) == answer


def test_misleading_references_never_show_the_disease(trained: Path) -> None:
    ask, dataset = examples(trained / "demo_disease" / "1", 30, others=6)
    diseases = [case.disease for case in dataset.cases]
    misled = ask.references(0, 50, misleading=True)
    assert len(misled) == 27  # three of the thirty drawings show its disease
    assert all(diseases[index] not in (diseases[0], None) for index in misled)
    helped = ask.references(0, 50, misleading=False)
    assert sorted(helped) == list(range(1, 30))


def test_training_is_logged(trained: Path, log: Log) -> None:
    assert any("references: step 2 of 2" in line for line in log.lines)
