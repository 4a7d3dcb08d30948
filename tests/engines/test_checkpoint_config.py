"""A checkpoint's `config.json` is read, or a sentence says why not."""

from pathlib import Path

import pytest

from hikari_serve.engines.checkpoint_config import read_checkpoint_config, stored_quantization
from hikari_serve.errors import ConfigError


def test_how_weights_were_compressed(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    for content, method in (
        ("{}", None),
        ('{"quantization_config": null}', None),
        ('{"quantization_config": {"quant_method": "awq"}}', "awq"),
    ):
        file.write_text(content)
        assert stored_quantization(tmp_path) == method


@pytest.mark.parametrize("content", [None, "{", "[]", "\xff"])
def test_what_is_missing_or_broken_is_said(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "config.json").write_text(content, encoding="latin-1")
    with pytest.raises(ConfigError, match=f"{tmp_path} is no complete checkpoint: config.json"):
        read_checkpoint_config(tmp_path)


def test_a_compression_that_is_no_object_is_said(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"quantization_config": ["awq"]}')
    with pytest.raises(ConfigError, match=f"{tmp_path}: config.json: `quantization_config` is no"):
        stored_quantization(tmp_path)
