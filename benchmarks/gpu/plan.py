"""What is measured, in the order in which it is worth most if the time ends early."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from benchmarks.gpu.journal import Key

BATCHES = (1, 4, 16, 64)

CARD_BATCHES = (1, 4)
"""The snippet of the authors' model card has no batches: four pictures are four calls."""

CONFIGURATIONS = (
    ("transformers", "none"),
    ("vllm", "none"),
    ("vllm", "fp8"),
    ("vllm", "bitsandbytes"),
    ("card", "none"),
    ("transformers", "bitsandbytes"),
    ("sglang", "none"),
    ("sglang", "fp8"),
)
"""Engines with the quantisation of their weights. `card` is the card's snippet. Transformers takes
weights in 4 bit that were stored so, vLLM quantises them while it loads."""

QUANTIZATIONS = tuple(dict.fromkeys(method for _, method in CONFIGURATIONS))

PACKAGES = {
    "card": "transformers",
    "transformers": "transformers",
    "vllm": "vllm",
    "sglang": "sglang",
}
"""What each engine is made of."""

ROWS = (
    "group",
    "disease, 0 references",
    "disease, 1 reference",
    "disease, 3 references",
    "caption, 80 tokens",
    "hikari_card, whole",
    "hikari, whole",
    "group, 672 px",
)


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one engine with one quantisation: what one process measures.

    Attributes:
        engine: What answers.
        quantization: Of its weights; `none` is none.
        rows: Names and batch sizes, in their order.
    """

    engine: str
    quantization: str
    rows: tuple[tuple[str, int], ...]


def parts(
    engines: Sequence[str], quantizations: Sequence[str], batches: Sequence[int], done: set[Key]
) -> list[Part]:
    """What is asked for and not done yet, small batches first.

    Args:
        engines: Those to measure; of these only those that are installed.
        quantizations: Those to measure.
        batches: Items that are asked at once.
        done: What was measured before.
    """
    found = []
    for engine, quantization in CONFIGURATIONS:
        if engine not in engines or quantization not in quantizations:
            continue
        if quantization == "bitsandbytes" and find_spec("bitsandbytes") is None:
            continue
        sizes = [size for size in batches if engine != "card" or size in CARD_BATCHES]
        rows = tuple(
            (row, size)
            for size in sizes
            for row in ROWS
            if (engine, quantization, row, size) not in done
        )
        if rows and find_spec(PACKAGES[engine]) is not None:
            found.append(Part(engine, quantization, rows))
    return found
