"""How long each stage of the 8B cascade takes on a GPU, as the card asks it and as the server does.

`python -m benchmarks.gpu`. The weights are random, in the shapes of Qwen3-VL-8B: a step takes as
long whatever the numbers are, and what the authors' weights would answer is not asked here.
"""

from pathlib import Path

PAGE = Path("docs/performance-gpu.md")
"""Where the results lie once somebody measured them on a GPU."""
