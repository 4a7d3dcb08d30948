"""Encoders of pictures and words, against transformers run plainly."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import (
    AutoModel,
    AutoTokenizer,
    CLIPImageProcessorPil,
    CLIPModel,
    SiglipImageProcessorPil,
    SiglipModel,
)

from hikari_serve.engines.contract import Prompt
from hikari_serve.engines.encoders import Encoded, ReferenceEncoder, Words
from hikari_serve.errors import ConfigError, InvalidInput
from tests.engines.encoders import checkpoints
from tests.engines.recorder import Recorder, answer
from tests.engines.taught import COLOURS

SHORT = 77
"""Tokens: all that CLIP reads."""
TEXTS = ["a red scaly patch", "border", "a red scaly patch with a sharp border with a border"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip")
    checkpoints.clip(path)
    return path


@pytest.fixture(scope="module")
def siglip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the version folder of R2: SigLIP, and BGE-M3's architecture in `text`."""
    path = tmp_path_factory.mktemp("siglip")
    checkpoints.siglip(path)
    checkpoints.bert("xlm-roberta")(path / "text")
    return path


def load(folder: Path, **changes: Any) -> ReferenceEncoder:
    settings: dict[str, Any] = {"device": "cpu", "dtype": "float32", "max_batch": 4, "threads": 1}
    return ReferenceEncoder.load(folder, **{**settings, **changes})


def load_both(siglip: Path, **changes: Any) -> ReferenceEncoder:
    words = Words(kind="bert", folder=siglip / "text", **changes)
    return load(siglip, kind="siglip", words=words)


def pictures() -> list[Image.Image]:
    sizes = [(32, 32), (64, 40), (30, 90)]
    return [
        Image.new("RGB", size, colour) for size, colour in zip(sizes, COLOURS.values(), strict=True)
    ]


def unit(rows: torch.Tensor) -> Any:
    return torch.nn.functional.normalize(rows, dim=-1).numpy()


def test_embeddings_are_of_length_one_and_independent_of_the_batch(folder: Path) -> None:
    encoder = load(folder)
    requests = [encoder.prepare(Prompt([], [picture])) for picture in pictures()]
    together = [call.output for call in answer(encoder, [Recorder(one) for one in requests])]
    for encoded, request in zip(together, requests, strict=True):
        assert isinstance(encoded, Encoded)
        assert encoded.text is None
        assert encoded.image.shape == (16,)
        assert encoded.image.dtype == np.float32
        assert np.linalg.norm(encoded.image) == pytest.approx(1)
        (alone,) = answer(encoder, [Recorder(request)])
        np.testing.assert_allclose(encoded.image, alone.output.image, atol=1e-5)
    assert not np.allclose(together[0].image, together[1].image)


def test_clip_is_that_of_transformers(folder: Path) -> None:
    model = CLIPModel.from_pretrained(folder)
    pixels = CLIPImageProcessorPil.from_pretrained(folder)(pictures(), return_tensors="pt")
    tokens = AutoTokenizer.from_pretrained(folder)(TEXTS, padding=True, return_tensors="pt")
    with torch.inference_mode():
        outputs = model(**pixels, **tokens)
    words = Words(kind="clip", folder=folder, max_tokens=SHORT, max_query_tokens=SHORT)
    encoder = load(folder, words=words)
    np.testing.assert_allclose(encoder.embed(pictures()), outputs.image_embeds, atol=1e-5)
    np.testing.assert_allclose(encoder.embed_texts(TEXTS), outputs.text_embeds, atol=1e-5)


def test_siglip_is_that_of_transformers(siglip: Path) -> None:
    model = SiglipModel.from_pretrained(siglip)
    pixels = SiglipImageProcessorPil.from_pretrained(siglip)(pictures(), return_tensors="pt")
    with torch.inference_mode():
        outputs = model(**pixels, input_ids=torch.zeros(1, 4, dtype=torch.long))
    found = load(siglip, kind="siglip").embed(pictures())
    np.testing.assert_allclose(found, outputs.image_embeds, atol=1e-5)


@pytest.mark.parametrize("kind", ["xlm-roberta", "bert", "distilbert", "nomic_bert"])
def test_a_text_is_what_its_first_token_says(kind: str, folder: Path, tmp_path: Path) -> None:
    checkpoints.bert(kind)(tmp_path)
    model, tokenizer = AutoModel.from_pretrained(tmp_path), AutoTokenizer.from_pretrained(tmp_path)
    encoder = load(folder, words=Words(kind="bert", folder=tmp_path))
    together = encoder.embed_texts(TEXTS)
    assert together.shape == (3, checkpoints.WORD_DIM)
    for row, text in zip(together, TEXTS, strict=True):  # alone, so without padding
        with torch.inference_mode():
            states = model(**tokenizer(text, return_tensors="pt")).last_hidden_state
        np.testing.assert_allclose(row, unit(states[0, 0]), atol=1e-5)


def test_prefixes_and_where_texts_are_cut(siglip: Path) -> None:
    plain = load_both(siglip)
    prefixed = load_both(siglip, prefix="a red ", query_prefix="sharp ", max_tokens=6)
    case, query = prefixed.embed_texts(TEXTS[1:2]), prefixed.embed_texts(TEXTS[1:2], query=True)
    np.testing.assert_allclose(case, plain.embed_texts(["a red border"]), atol=1e-5)
    np.testing.assert_allclose(query, plain.embed_texts(["sharp border"]), atol=1e-5)
    # six tokens: four words between the beginning and the end
    cut = prefixed.embed_texts(["scaly patch with"])
    np.testing.assert_allclose(cut, plain.embed_texts(["a red scaly patch"]), atol=1e-5)


def test_texts_as_long_as_may_be_are_read(siglip: Path) -> None:
    words = ["scaly " * 600]
    row = load_both(siglip, max_tokens=512).embed_texts(words)
    np.testing.assert_allclose(np.linalg.norm(row), 1, atol=1e-5)


def test_limits_beyond_what_a_checkpoint_reads_are_refused(siglip: Path, folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"reads at most 512 tokens: set .*, not 513"):
        load_both(siglip, max_tokens=513)
    with pytest.raises(ConfigError, match=r"reads at most 77 tokens: .*, not 512"):
        load(folder, words=Words(kind="clip", folder=folder, max_tokens=77))


def test_pictures_with_and_without_words_in_one_batch(siglip: Path) -> None:
    encoder = load_both(siglip)
    requests = [
        encoder.prepare_query(picture, text)
        for picture, text in zip(pictures(), (None, TEXTS[0], None), strict=True)
    ]
    calls = answer(encoder, [Recorder(request) for request in requests])
    images = encoder.embed(pictures())
    for row, call in enumerate(calls):
        np.testing.assert_allclose(call.output.image, images[row], atol=1e-5)
    assert [call.output.text is None for call in calls] == [True, False, True]
    expected = encoder.embed_texts(TEXTS[:1], query=True)[0]
    np.testing.assert_allclose(calls[1].output.text, expected, atol=1e-5)


def test_one_picture_each(folder: Path) -> None:
    encoder = load(folder)
    assert encoder.prepare(Prompt([], pictures()[:1])).work == 1
    with pytest.raises(InvalidInput, match="one picture, not 0"):
        encoder.prepare(Prompt([], []))


def test_words_that_nothing_reads(folder: Path) -> None:
    encoder = load(folder)
    with pytest.raises(InvalidInput, match="no descriptions"):
        encoder.prepare_query(pictures()[0], "a red patch")
    with pytest.raises(InvalidInput, match="no words"):
        encoder.embed_texts(["a red patch"])


def test_a_device_that_is_not_there(folder: Path) -> None:
    with pytest.raises(ConfigError, match="has no device 'cuda:63'"):
        load(folder, device="cuda:63")


def test_another_architecture_is_refused(folder: Path, siglip: Path) -> None:
    with pytest.raises(ConfigError, match="it is a 'siglip', not a 'clip'"):
        load(siglip)
    with pytest.raises(ConfigError, match="is a 'clip', and text encoders are one of bert, dist"):
        load(siglip, kind="siglip", words=Words(kind="bert", folder=folder))
    with pytest.raises(ConfigError, match=r"goes with `encoder: clip`"):
        load(siglip, kind="siglip", words=Words(kind="clip", folder=folder))
    with pytest.raises(ConfigError, match="tokenizer"):
        load(folder, words=Words(kind="bert", folder=folder / "text"))


class TestPickled:
    """Older checkpoints, CLIP's among them, have no safetensors."""

    def test_tensors_are_read(self, folder: Path, tmp_path: Path) -> None:
        old = tmp_path / "old"
        checkpoints.clip(old)
        weights = CLIPModel.from_pretrained(old).state_dict()
        (old / "model.safetensors").unlink()
        torch.save(weights, old / "pytorch_model.bin")
        np.testing.assert_array_equal(load(old).embed(pictures()), load(folder).embed(pictures()))

    def test_code_is_not(self, tmp_path: Path) -> None:
        checkpoints.clip(tmp_path)
        (tmp_path / "model.safetensors").unlink()
        trace = tmp_path / "ran"
        torch.save({"weight": Bomb(trace)}, tmp_path / "pytorch_model.bin")
        with pytest.raises(ConfigError, match="cannot be loaded"):
            load(tmp_path)
        assert not trace.exists()


class Bomb:
    """Leaves a trace where it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self) -> Any:
        return Path.touch, (self._trace,)


class TestRemoteCode:
    """A checkpoint whose model is Python code in its own folder."""

    @pytest.fixture
    def foreign(self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(
            "transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules")
        )
        monkeypatch.setattr("sys.dont_write_bytecode", True)
        path = tmp_path / "foreign"
        checkpoints.clip(path)
        (path / "foreign.py").write_text(
            "from pathlib import Path\n"
            "from transformers import CLIPConfig, CLIPModel\n"
            f"Path({str(tmp_path / 'ran')!r}).touch()\n"
            "class ForeignConfig(CLIPConfig):\n"
            "    model_type = 'foreign'\n"
            "class ForeignModel(CLIPModel):\n"
            "    config_class = ForeignConfig\n"
        )
        config = json.loads((path / "config.json").read_text())
        config |= {
            "model_type": "foreign",
            "auto_map": {
                "AutoConfig": "foreign.ForeignConfig", "AutoModel": "foreign.ForeignModel",
            },
        }  # fmt: skip
        (path / "config.json").write_text(json.dumps(config))
        return path

    def test_it_is_refused_unless_allowed(self, foreign: Path) -> None:
        with pytest.raises(ConfigError, match=r"allow it by `hikari.remote_code: true`"):
            load(foreign, kind="remote")
        assert not (foreign.parent / "ran").exists()

    def test_allowed_it_runs(self, foreign: Path, folder: Path) -> None:
        found = load(foreign, kind="remote", remote_code=True).embed(pictures())
        assert (foreign.parent / "ran").exists()
        np.testing.assert_allclose(found, load(folder).embed(pictures()), atol=1e-5)

    def test_its_failure_is_a_sentence(self, foreign: Path) -> None:
        (foreign / "foreign.py").write_text("raise RuntimeError('not today')\n")
        with pytest.raises(ConfigError, match="not today"):
            load(foreign, kind="remote", remote_code=True)
