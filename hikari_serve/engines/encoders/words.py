"""The side of a reference encoder that reads words."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import (
    AutoTokenizer,
    BertModel,
    CLIPModel,
    DistilBertModel,
    NomicBertModel,
    XLMRobertaModel,
)

from hikari_serve.engines.checkpoints import load_model
from hikari_serve.errors import ConfigError

WordKind = Literal["bert", "clip"]
"""`bert`: a text encoder, whose first token speaks for the text; `clip`: CLIP's own words' side."""

_BERTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "bert": (BertModel, {"add_pooling_layer": False}),
    "distilbert": (DistilBertModel, {}),
    "nomic_bert": (NomicBertModel, {"add_pooling_layer": False}),
    "xlm-roberta": (XLMRobertaModel, {"add_pooling_layer": False}),
}
"""The class of each text encoder's `model_type`, and what it is made with: the pooling layer is
trained for another task, and some checkpoints lack it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a side that reads words is loaded with.

    Attributes:
        kind: Its architecture.
        folder: Its weights and tokenizer.
        max_tokens: Where the words of a case are cut.
        max_query_tokens: Where the words of a query are cut.
        prefix: What comes before the words of a case.
        query_prefix: What comes before the words of a query.
    """

    kind: WordKind
    folder: Path
    max_tokens: int = 256
    max_query_tokens: int = 512
    prefix: str = ""
    query_prefix: str = ""


class WordSide:
    """A text encoder and its tokenizer.

    Attributes:
        model: The weights.
    """

    def __init__(self, model: Any, tokenizer: Any, settings: Words) -> None:
        self.model = model
        self._tokenizer = tokenizer
        self._settings = settings

    @classmethod
    def load(cls, settings: Words, device: torch.device, dtype: str, pictures: Any) -> "WordSide":
        """Loads a text encoder.

        Args:
            settings: What to load.
            device: Where the weights live.
            dtype: Precision.
            pictures: The model that sees the pictures, whose own words' side `clip` takes.

        Raises:
            ConfigError: The folder lacks a file, or holds another architecture.
        """
        folder = settings.folder
        try:
            tokenizer = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
        except (KeyError, OSError, TypeError, ValueError) as error:
            why = str(error).partition("\n")[0]
            raise ConfigError(f"{folder}: tokenizer: {why}") from error
        if settings.kind == "clip":
            if not isinstance(pictures, CLIPModel):
                raise ConfigError("`text.encoder: clip` goes with `encoder: clip`")
            _check_lengths(settings, pictures.config.text_config)
            return cls(pictures, tokenizer, settings)
        kind, more = _architecture(folder)
        model: Any = load_model(kind, folder, device, dtype, pickled=True, **more)
        _check_lengths(settings, model.config)
        return cls(model, tokenizer, settings)

    def embed(self, texts: Sequence[str], *, query: bool) -> torch.Tensor:
        """Embeds texts, to (n, dimensions).

        Args:
            texts: Any number.
            query: Whether they describe a query, and not a case.
        """
        own = self._settings
        prefix = own.query_prefix if query else own.prefix
        tokens = self._tokenizer(
            [prefix + text for text in texts],
            padding=True,
            truncation=True,
            max_length=own.max_query_tokens if query else own.max_tokens,
            return_tensors="pt",
        ).to(self.model.device)
        if own.kind == "clip":
            pooled: torch.Tensor = self.model.get_text_features(**tokens).pooler_output
            return pooled
        states: torch.Tensor = self.model(**tokens).last_hidden_state
        return states[:, 0]


def _architecture(folder: Path) -> tuple[Any, dict[str, Any]]:
    try:
        found = json.loads((folder / "config.json").read_bytes()).get("model_type")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder} is no complete checkpoint: config.json: {error}") from error
    if found not in _BERTS:
        known = ", ".join(sorted(_BERTS))
        raise ConfigError(f"{folder} is a '{found}', and text encoders are one of {known}")
    return _BERTS[found]


def _check_lengths(settings: Words, config: Any) -> None:
    """Refuses limits beyond the positions that a checkpoint has embeddings for."""
    room = config.max_position_embeddings
    if config.model_type == "xlm-roberta":
        room -= config.pad_token_id + 1  # its positions are counted from behind the padding's
    longest = max(settings.max_tokens, settings.max_query_tokens)
    if longest > room:
        raise ConfigError(
            f"{settings.folder} reads at most {room} tokens: set `text.max_tokens` and "
            f"`text.max_query_tokens` to that or less, not {longest}"
        )
