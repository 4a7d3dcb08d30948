"""How long each stage of the 8B cascade takes on a GPU, by engine and quantisation.

`python -m benchmarks.gpu`; README.md in this folder says what a bare machine needs. The weights are
random, in the shapes of Qwen3-VL-8B, but that one label of each set is likely: a step takes as long
whatever the numbers are, and what the authors' weights would answer is not asked here.
"""

from pathlib import Path

RESULTS = Path("docs/performance-gpu.jsonl")
"""Where each row lies from the moment it was measured."""

PAGE = Path("docs/performance-gpu.md")
"""What `--page` makes of them."""
