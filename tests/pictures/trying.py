"""How many files are made up and tried: few in CI, many with `make fuzz`."""

import os

from hypothesis import settings

TIMES = int(os.environ.get("FUZZ_TIMES", "1"))
"""How many times as many as in CI; those of CI are always the same ones."""


def tries(examples: int, *, deadline_ms: int | None = None) -> settings:
    """hypothesis' settings for so many files in CI."""
    return settings(
        max_examples=examples * TIMES,
        derandomize=TIMES == 1,
        deadline=deadline_ms,
        database=None,
    )
