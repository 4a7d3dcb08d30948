from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel

from hikari_serve.engines.clip import ClipEncoder
from hikari_serve.engines.contract import Prompt
from hikari_serve.errors import ConfigError, InvalidInput
from tests.engines.recorder import run
from tests.engines.taught import COLOURS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    layers = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 2}
    config = CLIPConfig(
        text_config={**layers, **heads, "vocab_size": 64},
        vision_config={**layers, **heads, "image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    path = tmp_path_factory.mktemp("clip")
    CLIPModel(config).save_pretrained(path)
    side = {"height": 32, "width": 32}
    CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=side).save_pretrained(path)
    return path


def load(folder: Path, device: str = "cpu") -> ClipEncoder:
    return ClipEncoder.load(folder, device=device, dtype="float32", max_batch=4, threads=1)


def pictures() -> list[Prompt]:
    sizes = [(32, 32), (64, 40), (30, 90)]
    return [
        Prompt([], [Image.new("RGB", size, colour)])
        for size, colour in zip(sizes, COLOURS.values(), strict=True)
    ]


def test_embeddings_are_of_length_one_and_independent_of_the_batch(folder: Path) -> None:
    encoder = load(folder)
    asked = [(prompt, None) for prompt in pictures()]
    together = [call.output for call in run(encoder, *asked)]
    for embedding, pair in zip(together, asked, strict=True):
        assert embedding.shape == (16,)
        assert embedding.dtype == np.float32
        assert np.linalg.norm(embedding) == pytest.approx(1)
        np.testing.assert_allclose(embedding, run(encoder, pair)[0].output, atol=1e-5)
    assert not np.allclose(together[0], together[1])


def test_an_embedding_is_that_of_transformers(folder: Path) -> None:
    encoder = load(folder)
    (prompt, *_) = pictures()
    model = CLIPModel.from_pretrained(folder)
    pixels = CLIPImageProcessorPil.from_pretrained(folder)(prompt.images[0], return_tensors="pt")
    with torch.inference_mode():
        outputs = model(**pixels, input_ids=torch.zeros(1, 4, dtype=torch.long))
    (call,) = run(encoder, (prompt, None))
    np.testing.assert_allclose(call.output, outputs.image_embeds[0].numpy(), atol=1e-5)


def test_one_picture_each(folder: Path) -> None:
    encoder = load(folder)
    assert encoder.prepare(pictures()[0]).work == 1
    with pytest.raises(InvalidInput, match="one picture, not 0"):
        encoder.prepare(Prompt([], []))


def test_a_device_that_is_not_there(folder: Path) -> None:
    with pytest.raises(ConfigError, match="has no device 'cuda:63'"):
        load(folder, device="cuda:63")
