"""A card is shared if all fit, else the models take turns, else it is too small."""

import pytest

from hikari_serve.engines.vllm.budget import Budget
from hikari_serve.errors import InvalidInput
from hikari_serve.planning.needs import GRAPHS, PROCESS, Need, Term
from hikari_serve.planning.plan import GIB, USABLE, by_device, gpu_bytes, make_plan


def model(
    name: str, weights: int, request: int = GIB, requests: int = 4, device: str = "cuda"
) -> Need:
    return Need(
        model=name,
        engine="vllm",
        device=device,
        quantization=None,
        architecture="x",
        budget=Budget(5384, requests, requests, 8192, 65_536, 451_584, 441, 18),
        fixed=(Term("weights", weights, ""),),
        request=Term("KV", request, ""),
    )


def test_what_is_left_goes_into_the_caches() -> None:
    plan = make_plan([model("a", 2 * GIB), model("b", 4 * GIB)], 20 * GIB)
    assert plan.verdict == "together"
    assert [share.requests for share in plan.shares] == [4, 4]
    fractions = [share.fraction for share in plan.shares]
    assert fractions == [0.3, 0.4]  # (2 + 4) / 20 and (4 + 4) / 20
    assert plan.host == 0

    tight = make_plan([model("a", 2 * GIB), model("b", 4 * GIB)], 12 * GIB)
    assert tight.verdict == "together"
    assert [share.requests for share in tight.shares] == [2, 2]
    assert sum(share.fraction or 0 for share in tight.shares) <= USABLE + 0.002


def test_what_does_not_fit_together_takes_turns() -> None:
    plan = make_plan([model("a", 7 * GIB), model("b", 8 * GIB)], 12 * GIB)
    assert plan.verdict == "turns"
    assert plan.host == 15 * GIB + 2 * GRAPHS
    for share in plan.shares:
        assert share.fraction is not None
        assert share.fraction * 12 * GIB <= 12 * GIB * USABLE - PROCESS + 0.001 * 12 * GIB
    assert [share.requests for share in plan.shares] == [3, 2]


def test_one_that_does_not_fit_alone_is_too_much() -> None:
    plan = make_plan([model("a", 2 * GIB), model("b", 20 * GIB)], 16 * GIB)
    assert plan.verdict == "too small"
    assert [share.fraction is None for share in plan.shares] == [False, True]


def test_each_card_is_planned_for_itself() -> None:
    found = by_device(
        [model("a", 1), model("b", 1, device="cuda:1"), model("c", 1, device="cuda:0")]
    )
    assert {name: [need.model for need in needs] for name, needs in found.items()} == {
        "cuda:0": ["a", "c"],
        "cuda:1": ["b"],
    }


def test_nothing_needs_nothing() -> None:
    assert make_plan([], 16 * GIB).shares == ()


@pytest.mark.parametrize("size", ["16GB", "16 GiB", "16g"])
def test_a_cards_size_is_meant_in_powers_of_two(size: str) -> None:
    assert gpu_bytes(size) == 16 * GIB


@pytest.mark.parametrize("size", ["16", "0GB", "a lot", "16MB"])
def test_what_is_no_size_is_said_so(size: str) -> None:
    with pytest.raises(InvalidInput, match="such as 16GB"):
        gpu_bytes(size)
