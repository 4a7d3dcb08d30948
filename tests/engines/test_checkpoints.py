import asyncio
import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from hikari_serve.engines.contract import Generate
from hikari_serve.engines.devices import open_device
from hikari_serve.engines.transformers.engine import TransformersEngine
from hikari_serve.errors import ConfigError
from tests.engines.conftest import Load
from tests.engines.recorder import run
from tests.engines.taught import question


@pytest.fixture
def copy(checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint, tmp_path / "copy"))


@pytest.mark.parametrize("name", ["cuda:63", "xpu", "tpu"])
def test_a_device_that_is_not_there(load: Load, name: str) -> None:
    with pytest.raises(ConfigError, match=f"has no device '{name}': set `engine.device`"):
        load(device=name)


def test_a_device_that_is_there() -> None:
    assert open_device("cpu") == torch.device("cpu")


def test_an_unknown_precision(load: Load) -> None:
    with pytest.raises(ConfigError, match="'int3' is not one of float32, bfloat16, float16"):
        load(dtype="int3")


@pytest.mark.parametrize(
    "name", ["config.json", "model.safetensors", "tokenizer.json", "preprocessor_config.json"]
)
def test_a_missing_file(load: Load, copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(ConfigError, match=f"{name}.* is missing"):
        load(copy)


@pytest.mark.parametrize(
    "name", ["config.json", "model.safetensors", "tokenizer.json", "preprocessor_config.json"]
)
def test_a_broken_file(load: Load, copy: Path, name: str) -> None:
    (copy / name).write_bytes((copy / name).read_bytes()[:20])
    with pytest.raises(ConfigError, match=str(copy)):
        load(copy)


@pytest.mark.parametrize(
    "name", ["config.json", "generation_config.json", "preprocessor_config.json"]
)
def test_a_list_in_place_of_an_object(load: Load, copy: Path, name: str) -> None:
    (copy / name).write_text("[]")
    with pytest.raises(ConfigError, match=str(copy)):
        load(copy)


def test_weights_that_do_not_cover_the_model(load: Load, copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    del weights["model.language_model.norm.weight"]
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ConfigError, match=r"lack 1 tensors, first model\.language_model\.norm"):
        load(copy)


def test_another_architecture(load: Load, copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "model_type": "qwen2_vl"}))
    with pytest.raises(ConfigError, match="qwen2_vl"):
        load(copy)


@pytest.mark.parametrize("token", ["<|im_end|>", "<|image_pad|>", "</think>"])
def test_a_vocabulary_without_a_token(load: Load, copy: Path, token: str) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        path = copy / name
        path.write_text(path.read_text().replace(token, "<other>"))
    with pytest.raises(ConfigError, match="has no token"):
        load(copy)


def test_a_template_that_does_not_think(load: Load, copy: Path) -> None:
    path = copy / "chat_template.jinja"
    path.write_text(path.read_text().replace("<think>\n", ""))
    with pytest.raises(ConfigError, match="must end a prompt with '<think>'"):
        load(copy)


@pytest.mark.parametrize("template", [None, "", "{% if", "{{ messages.none.name }}"])
def test_a_template_that_cannot_be_used(load: Load, copy: Path, template: str | None) -> None:
    (copy / "chat_template.jinja").unlink()
    if template is not None:
        (copy / "chat_template.jinja").write_text(template)
    with pytest.raises(ConfigError, match=f"{copy}: the chat template"):
        load(copy)


def test_another_image_token(load: Load, copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "image_token_id": 5}))
    with pytest.raises(ConfigError, match="differ in `image_token_id`"):
        load(copy)


def test_answers_that_cannot_be_told_apart(closed: TransformersEngine) -> None:
    with pytest.raises(ConfigError):
        closed.answer_trie(["It is red.", "It is red."])
    with pytest.raises(ConfigError, match="no tokens of its own"):
        closed.answer_trie(["\nred", "\nblue"])
    with pytest.raises(ConfigError, match="the tokenizer spells the answer"):
        closed.answer_trie(["It is red.", "It is cafe\u0301."])


def test_sleep_wake_close(load: Load) -> None:
    async def life() -> None:
        await engine.sleep()
        await engine.wake()

    engine = load()
    asyncio.run(life())
    (call,) = run(engine, (question("red"), Generate(2)))
    assert call.output.text
    asyncio.run(engine.close())
    assert engine._model.device == torch.device("meta")


def test_threads_are_this_engines_own(load: Load) -> None:
    before = torch.get_num_threads()
    engine = load(threads=3)
    assert engine._thread.submit(torch.get_num_threads).result() == 3
    assert torch.get_num_threads() == before
