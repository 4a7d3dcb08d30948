"""Opens the encoder of a reference model: for serving, for building an index, for searching one."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hikari_serve.engines.encoders import ReferenceEncoder, Words
from hikari_serve.errors import ConfigError
from hikari_serve.pictures.view import Preprocessing, make_view, read_view
from hikari_serve.references.manifest import EncoderInfo, TextEncoderInfo
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.digest import weights_digest
from hikari_serve.repository.schema import RetrieverConfig, WordsConfig
from hikari_serve.repository.weights import Weights


@dataclass(frozen=True, slots=True)
class CaseEncoder:
    """An opened encoder, and what an index that it makes says of it.

    Attributes:
        engine: What computes.
        info: Its identity.
        preprocessing: What is done to pictures first.
    """

    engine: ReferenceEncoder
    info: EncoderInfo
    preprocessing: Preprocessing

    def images(self, images: list[Image.Image]) -> NDArray[np.float32]:
        """Embeds upright RGB pictures as serving does; blocking."""
        views = [read_view(make_view(image, self.preprocessing)) for image in images]
        return self.engine.embed(views)

    def texts(self, texts: list[str]) -> NDArray[np.float32]:
        """Embeds the words of cases; blocking."""
        return self.engine.embed_texts(texts)

    def close(self) -> None:
        """Frees the weights, outside of an event loop."""
        asyncio.run(self.engine.close())


def open_encoder(config: ModelConfig, weights: Weights, threads: int | None) -> CaseEncoder:
    """Opens the encoder of a version, and says what it is; see `load_encoder`."""
    engine = load_encoder(config, weights, threads)
    assert isinstance(config.hikari, RetrieverConfig)
    return CaseEncoder(engine, encoder_info(config, weights), config.hikari.preprocessing)


def load_encoder(config: ModelConfig, weights: Weights, threads: int | None) -> ReferenceEncoder:
    """Loads the encoder of a version; blocking, for long where the weights are large.

    Args:
        config: A model of kind `retrieve`.
        weights: The version's.
        threads: Cores to compute on; None leaves it to torch.

    Raises:
        ConfigError: The model is not of that kind, its weights are not there or wrong, or the
            machine lacks the device.
    """
    hikari = config.hikari
    if not isinstance(hikari, RetrieverConfig):
        raise ConfigError(f"model '{config.name}' is not of kind `retrieve`")
    if config.triton.backend != "transformers":
        raise ConfigError(
            f"model '{config.name}': triton.backend: encoders run with `transformers`, "
            f"not '{config.triton.backend}'"
        )
    return ReferenceEncoder.load(
        weights.folder,
        kind=hikari.encoder,
        words=_words(hikari.text, weights.text) if hikari.text and weights.text else None,
        device=hikari.engine.device,
        dtype=hikari.engine.dtype,
        max_batch=config.triton.max_batch_size,
        threads=threads,
        remote_code=hikari.remote_code,
    )


def encoder_info(config: ModelConfig, weights: Weights) -> EncoderInfo:
    """What an index says of the encoder with these weights; reads all of them."""
    hikari = config.hikari
    assert isinstance(hikari, RetrieverConfig)
    text = None
    if hikari.text is not None and weights.text is not None:
        text = TextEncoderInfo(
            weights=weights_digest(weights.text),
            prefix=hikari.text.prefix,
            max_tokens=hikari.text.max_tokens,
        )
    return EncoderInfo(
        name=config.name,
        weights=weights_digest(weights.folder),
        preprocessing=hikari.preprocessing.id,
        text=text,
    )


def _words(text: WordsConfig, folder: Path) -> Words:
    return Words(
        kind=text.encoder,
        folder=folder,
        max_tokens=text.max_tokens,
        max_query_tokens=text.max_query_tokens,
        prefix=text.prefix,
        query_prefix=text.query_prefix,
    )
