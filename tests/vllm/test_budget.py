"""What the planner counts with is what vLLM's own configuration of the engine then holds."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from transformers import Qwen2VLImageProcessorPil
from vllm.multimodal import MULTIMODAL_REGISTRY
from vllm.multimodal.encoder_budget import MultiModalBudget

from hikari_serve.engines.vllm.budget import Budget
from hikari_serve.engines.vllm.parameters import engine_arguments
from hikari_serve.planning.architecture import SHIPPED
from hikari_serve.repository.repository import Repository
from hikari_serve.tasks.opening import opening_of
from tests.vllm.conftest import MODELS, opening

REPOSITORY = Repository(MODELS, Path("/nowhere"))
IDS = {
    "image_token_id": "<|image_pad|>",
    "video_token_id": "<|video_pad|>",
    "vision_start_token_id": "<|vision_start|>",
    "vision_end_token_id": "<|vision_end|>",
}


@pytest.fixture(scope="module")
def eight_billion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The 8B shapes with the demo's tokenizer, for vLLM reads one; there are no weights."""
    folder = tmp_path_factory.mktemp("8b")
    demo = MODELS / "demo_disease" / "1"
    for path in demo.glob("*.json*"):
        if not path.name.startswith(("config", "preprocessor", "video", "model")):
            shutil.copy(path, folder)
    shutil.copy(demo / "chat_template.jinja", folder)
    shutil.copy(SHIPPED.parent / "preprocessor_config.json", folder)
    tokens = json.loads((demo / "tokenizer.json").read_bytes())["added_tokens"]
    ids = {row["content"]: row["id"] for row in tokens}
    config = json.loads(SHIPPED.read_bytes()) | {key: ids[token] for key, token in IDS.items()}
    config |= {"architectures": ["Qwen3VLForConditionalGeneration"], "dtype": "bfloat16"}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize(
    ("name", "tokens", "pictures"), [("subaru", 2304, 3), ("sirius", 441, 18), ("vega", 441, 16)]
)
def test_the_engine_gets_what_the_planner_counts(
    eight_billion: Path, name: str, tokens: int, pictures: int
) -> None:
    config = REPOSITORY.config(name)
    planned = Budget.of(opening_of(config, SHIPPED.parent))
    assert (planned.picture_tokens, planned.pictures) == (tokens, pictures)

    on_cpu = replace(opening_of(config, eight_billion), device="cpu", parameters={}, turns=False)
    vllm = engine_arguments(on_cpu).create_engine_config()
    assert vllm.model_config.max_model_len == planned.max_model_len
    assert vllm.scheduler_config.max_num_seqs == planned.max_num_seqs
    assert vllm.scheduler_config.max_num_batched_tokens == planned.max_num_batched_tokens
    tried = MultiModalBudget(vllm, MULTIMODAL_REGISTRY)
    assert tried.mm_max_toks_per_item == {"image": planned.picture_tokens}
    assert tried.mm_max_items_per_batch == {"image": planned.pictures}


def test_no_view_is_reduced(eight_billion: Path) -> None:
    """The bound on pixels changes no picture that a stage can be asked about."""
    unbounded = Qwen2VLImageProcessorPil.from_pretrained(eight_billion)
    for side in (672, 1000, 1536):
        budget = Budget.of(opening("vllm", folder=eight_billion, max_side=side))
        size = {"shortest_edge": budget.min_pixels, "longest_edge": budget.max_pixels}
        bounded = Qwen2VLImageProcessorPil.from_pretrained(eight_billion, size=size)
        rng = np.random.default_rng(0)
        for _ in range(500):
            short = int(rng.integers(max(1, side // 150), side + 1))
            ours = bounded.get_number_of_image_patches(short, side)
            assert ours == unbounded.get_number_of_image_patches(short, side)


def test_without_a_bound_vllm_tries_a_far_larger_picture(eight_billion: Path) -> None:
    budget = Budget.of(opening("vllm", folder=eight_billion, max_side=None))
    assert budget.picture_tokens == 16_384
    assert budget.pictures == 1


def test_a_score_has_room_for_its_requests_and_parameters_win() -> None:
    scored = Budget.of(opening("vllm", "demo_disease"))
    assert (scored.calls, scored.max_num_seqs) == (16, 128)
    written = Budget.of(opening("vllm", "demo_caption"))
    assert (written.calls, written.max_num_seqs) == (16, 16)
    two = Budget.of(opening("vllm", parameters={"max_num_seqs": 2}))
    assert (two.calls, two.max_num_seqs) == (2, 2)
    few = Budget.of(opening("vllm", parameters={"max_num_batched_tokens": 64}))
    assert (few.max_num_batched_tokens, few.pictures) == (64, 4)
