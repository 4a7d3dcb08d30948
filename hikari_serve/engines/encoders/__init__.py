"""Encoders of reference cases: pictures and words in, embeddings of length 1 out."""

from hikari_serve.engines.encoders.encoder import Encoded, ReferenceEncoder
from hikari_serve.engines.encoders.words import Words

__all__ = ["Encoded", "ReferenceEncoder", "Words"]
