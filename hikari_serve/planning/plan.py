"""Which models of a cascade fit a GPU together, with how much memory each; or that they take turns.

vLLM takes a share of the whole card for each engine (`gpu_memory_utilization`): its weights, its
activations, its process, and what is left of the share as KV cache.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from hikari_serve.errors import InvalidInput
from hikari_serve.planning.needs import PROCESS, Need

GIB = 1024**3
USABLE = 0.92
"""Share of the card that engines may take together: vLLM's own default for one."""

Verdict = Literal["together", "turns", "too small"]


@dataclass(frozen=True, slots=True)
class Share:
    """What one model gets.

    Attributes:
        need: What it needs.
        fraction: Its `gpu_memory_utilization`; None if it does not fit even alone.
        requests: Longest items that it then answers at once.
    """

    need: Need
    fraction: float | None
    requests: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How a cascade's models share a card.

    Attributes:
        gpu: Bytes of the card.
        usable: Bytes that engines may take of it.
        verdict: All `together`, one at a time in `turns`, or one alone is too much.
        shares: What each model gets.
        host: Bytes of the host's memory that sleeping engines keep their weights and graphs in.
    """

    gpu: int
    usable: int
    verdict: Verdict
    shares: tuple[Share, ...]
    host: int


def by_device(needs: Iterable[Need]) -> dict[str, list[Need]]:
    """The models of each device, whose first GPU has two names."""
    devices: dict[str, list[Need]] = {}
    for need in needs:
        devices.setdefault("cuda:0" if need.device == "cuda" else need.device, []).append(need)
    return devices


def gpu_bytes(size: str) -> int:
    """Reads a card's size.

    A card of "16 GB" has 16 GiB, which is what its name means; both spellings are read so.

    Raises:
        InvalidInput: It is no size.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?(?:GB|GiB|G)", size.strip(), re.IGNORECASE)
    if found is None or float(found[1]) == 0:
        raise InvalidInput(f"--gpu is '{size}', but must be a size such as 16GB")
    return round(float(found[1]) * GIB)


def make_plan(needs: Sequence[Need], gpu: int) -> Plan:
    """Shares a card of `gpu` bytes among models that all run on it."""
    usable = math.floor(gpu * USABLE)
    spare = usable - sum(need.least for need in needs)
    if spare >= 0:
        wanted = sum(need.most - need.least for need in needs)
        part = min(1.0, spare / wanted) if wanted else 0.0
        budgets = [need.least + math.floor(part * (need.most - need.least)) for need in needs]
        return _plan(gpu, usable, "together", needs, budgets, host=0)
    awake = usable - PROCESS * (len(needs) - 1)  # what those keep that sleep
    budgets = [min(awake, need.most) for need in needs]
    fits = all(need.least <= awake for need in needs)
    host = sum(need.asleep for need in needs) if fits else 0
    return _plan(gpu, usable, "turns" if fits else "too small", needs, budgets, host=host)


def _plan(
    gpu: int,
    usable: int,
    verdict: Verdict,
    needs: Sequence[Need],
    budgets: Sequence[int],
    *,
    host: int,
) -> Plan:
    return Plan(gpu, usable, verdict, tuple(map(_share, needs, budgets, [gpu] * len(needs))), host)


def _share(need: Need, budget: int, gpu: int) -> Share:
    if need.least > budget:
        return Share(need, None, 0)
    # rounded up, so that the last request still fits; together at most half a percent too much
    fraction = math.ceil(budget / gpu * 1000) / 1000
    cache = budget - need.least + need.request.bytes
    return Share(need, fraction, min(need.requests, cache // need.request.bytes))
