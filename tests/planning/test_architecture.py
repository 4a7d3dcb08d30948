"""Parameters are counted on the model's own code."""

from pathlib import Path

import pytest

from hikari_serve.errors import ConfigError
from hikari_serve.planning.architecture import SHIPPED, read_architecture

MODELS = Path(__file__).parents[2] / "models"


def test_the_8b_model_has_its_published_size() -> None:
    shapes = read_architecture(SHIPPED)
    assert shapes.name == "qwen3_vl_8b"
    assert shapes.parameters == 8_767_123_696
    assert shapes.embeddings == 2 * 151_936 * 4096  # its head is its own
    assert shapes.vision == pytest.approx(0.576e9, rel=0.01)
    assert (shapes.layers, shapes.kv_heads, shapes.head_dim) == (36, 8, 128)
    # what peft would train with rank 16 on every linear layer: 51 million, as the authors count
    assert 16 * shapes.lora == pytest.approx(51e6, rel=0.05)


def test_a_checkpoint_on_this_machine_is_counted_itself() -> None:
    config = MODELS / "demo_group" / "1" / "config.json"
    shapes = read_architecture(config)
    stored = (config.parent / "model.safetensors").stat().st_size
    assert stored == pytest.approx(2 * shapes.parameters, rel=0.02)


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="only a qwen3_vl"):
        read_architecture(MODELS / "demo_references" / "1" / "config.json")
    with pytest.raises(ConfigError, match="No such file"):
        read_architecture(tmp_path / "config.json")
