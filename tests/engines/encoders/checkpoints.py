"""Tiny checkpoints of the real classes, with random weights and a tokenizer of a few words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    DistilBertConfig,
    DistilBertModel,
    NomicBertConfig,
    NomicBertModel,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipImageProcessorPil,
    SiglipModel,
    XLMRobertaConfig,
    XLMRobertaModel,
    XLMRobertaTokenizer,
)

WORDS = ["<s>", "<pad>", "</s>", "<unk>", "a", "red", "scaly", "patch", "with", "sharp", "border"]
"""The vocabulary; the first and third begin and end a text."""
WORD_DIM = 24
_LAYERS = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
_HEADS = {"num_attention_heads": 2}
_VISION = {**_LAYERS, **_HEADS, "image_size": 32, "patch_size": 8}
_BERT: dict[str, Any] = {
    **_HEADS,
    "hidden_size": WORD_DIM,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "vocab_size": len(WORDS),
    "max_position_embeddings": 514,
    "pad_token_id": 1,
}


def clip(path: Path) -> None:
    """CLIP, its words' side included."""
    torch.manual_seed(0)
    text = {**_LAYERS, **_HEADS, "vocab_size": 64, "eos_token_id": 2, "pad_token_id": 1}
    CLIPModel(
        CLIPConfig(text_config=text, vision_config=_VISION, projection_dim=16)
    ).save_pretrained(path)
    side = {"height": 32, "width": 32}
    CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=side).save_pretrained(path)
    tokenizer(path)


def siglip(path: Path) -> None:
    """SigLIP."""
    torch.manual_seed(1)
    text = {**_LAYERS, **_HEADS, "vocab_size": 64, "projection_size": 32}
    SiglipModel(SiglipConfig(text_config=text, vision_config=_VISION)).save_pretrained(path)
    SiglipImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(path)


def bert(kind: str) -> Callable[[Path], None]:
    """A text encoder; `xlm-roberta` is what BGE-M3 is, `bert` MedCPT, `distilbert` ClinicalBERT."""

    def make(path: Path) -> None:
        torch.manual_seed(2)
        model: Any
        match kind:
            case "xlm-roberta":
                model = XLMRobertaModel(XLMRobertaConfig(**_BERT))  # type: ignore[no-untyped-call]
            case "bert":
                model = BertModel(BertConfig(**_BERT))  # type: ignore[no-untyped-call]
            case "nomic_bert":
                model = NomicBertModel(NomicBertConfig(**_BERT))  # type: ignore[no-untyped-call]
            case _:
                model = DistilBertModel(
                    DistilBertConfig(
                        dim=WORD_DIM, hidden_dim=48, n_layers=2, n_heads=2, vocab_size=len(WORDS),
                        max_position_embeddings=514, pad_token_id=1,
                    )
                )  # fmt: skip
        model.save_pretrained(path)
        if kind == "xlm-roberta":
            sentence_pieces(path)
        else:
            tokenizer(path)

    return make


def tokenizer(path: Path) -> None:
    """Writes the tokenizer of `WORDS`."""
    ids = {word: number for number, word in enumerate(WORDS)}
    inner = Tokenizer(models.WordLevel(ids, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=inner,
        bos_token="<s>", cls_token="<s>", pad_token="<pad>", eos_token="</s>", unk_token="<unk>",
    ).save_pretrained(path)  # fmt: skip


def sentence_pieces(path: Path) -> None:
    """Writes XLM-R's own kind of tokenizer, in which a word begins with a space."""
    pieces = [(word if word[0] == "<" else f"\u2581{word}", -1.0) for word in WORDS]
    XLMRobertaTokenizer(vocab=pieces).save_pretrained(path)
