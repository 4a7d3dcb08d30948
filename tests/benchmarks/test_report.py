import re

import pytest

from benchmarks.batching.comparison import Batcher
from benchmarks.bounds import STAGES as BOUND
from benchmarks.bounds import Bounds
from benchmarks.cascade_result import Agreement, CascadeResult, StageTime
from benchmarks.machine import Machine
from benchmarks.passes import Pass, Reply, Speed
from benchmarks.plan import QUICK
from benchmarks.report import page
from benchmarks.report.bounds import bounds
from benchmarks.results import RIVALS, TIMED, Key, Results, Who, goals
from benchmarks.time_breakdown import TimeBreakdown

STAGES = {
    "group": StageTime(1, 20, 3),
    "references": StageTime(1, 10, 30),
    "disease": StageTime(2, 40, 4),
    "caption": StageTime(1, 100, 2),
}


def alone(latency: float) -> Pass[CascadeResult]:
    found = CascadeResult("acne", "acne_vulgaris", "Red papules.", STAGES)
    replies = [Reply(i, i * latency, (i + 1) * latency, found) for i in range(4)]
    return Pass(1, tuple(replies))


def speed(rate: float, p50: float) -> Speed:
    return Speed(clients=1, rates=(rate,), p50=p50, p99=2 * p50, requests=9)


def results(server_rate: float) -> Results:
    speeds: dict[Key, Speed] = {
        (Who.LOOP, 1): speed(2.0, 500),
        (Who.INLINE, 1): speed(4.0, 250),
        (Who.INLINE, 8): speed(8.0, 1000),
        (Who.PHOTOGRAPHS, 1): speed(3.0, 400),
        (Who.PHOTOGRAPHS, 8): speed(6.0, 900),
        (Who.LITSERVE, 1): speed(2.0, 310),
        (Who.LITSERVE, 8): speed(5.0, 1400),
        (Who.FASTAPI, 1): speed(10.0, 100),
        (Who.FASTAPI, 8): speed(9.1, 700),
    }
    speeds |= {(Who.SERVED, clients): speed(server_rate, 300) for clients in (1, 4, 8, 16)}
    return Results(
        machine=Machine("Some processor", 2, 24.0, "Linux", 0.1, "2026-01-02", "versions"),
        plan=QUICK,
        starts={
            Who.SERVED: (12.0, 10.0, 11.0),
            Who.LITSERVE: (8.0, 9.0, 7.0),
            Who.FASTAPI: (6.0, 6.5, 7.0),
        },
        resident={Who.SERVED: 2_500_000_000, Who.LITSERVE: 900_000_000, Who.FASTAPI: 610_000_000},
        photograph_bytes=3_400_000,
        loop_threads=1,
        speeds=speeds,
        shares=dict.fromkeys(TIMED, TimeBreakdown.of([alone(0.2)])),
        agreement=dict.fromkeys((Who.LOOP, *RIVALS), Agreement(20, 1.0, 1.0, 0.95)),
        bounds={
            (who, clients): Bounds(
                200.0, 3.0, 0.9, dict.fromkeys(BOUND, 40.0), dict.fromkeys(BOUND, 2.5)
            )
            for who in (Who.SERVED, *RIVALS)
            for clients in (1, 8)
        },
        batchers=(Batcher("one", (speed(9, 9),), 6, 0), Batcher("other", (speed(9, 9),), 0, 35)),
        seconds=100,
    )


def test_the_own_share_is_what_no_stage_on_the_critical_path_worked() -> None:
    shares = TimeBreakdown.of([alone(0.2)])
    assert round(shares.latency) == 200
    assert round(shares.own) == 200 - 21 - 42 - 101  # group works longer than references
    assert round(shares.intake) == 200 - 41 - 46 - 103  # but references take longer, hop and all


def test_goals_are_met_or_not() -> None:
    assert [goal.met for goal in goals(results(9.0))] == [
        True, True, False, True, False, False, True, True,
    ]  # fmt: skip
    assert not next(goals(results(7.9))).met


def test_agreement_compares_the_same_pictures() -> None:
    one, other = alone(0.2), alone(0.3)
    agreement = Agreement.between([one], [Pass(1, other.replies[:2])])
    assert agreement == Agreement(pictures=2, group=1.0, disease=1.0, caption=1.0)


def test_the_page_shows_every_measurement() -> None:
    text = page(results(9.0))
    for words in (
        "Some processor", "2026-01-02", "quick run", "4.50 x", "**not met**", "2.50 GB", "| 11.0 |",
        "3.4 MB", "95.0%", "6 of 6", "35 of 35", "0.61",
    ):  # fmt: skip
        assert words in text, words
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert len(tables) > 30
    assert not re.search(r"\bnan\b", text)


def test_the_page_says_where_the_server_is_behind() -> None:
    verdicts = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in page(results(9.0)).splitlines()
        if line.startswith("| the card behind") and len(line.split("|")) == 7
    ]
    assert verdicts == [
        ["the card behind LitServe", "1", "ahead 4.50 x", "ahead 1.03 x", "ahead 1.03 x"],
        ["the card behind LitServe", "8", "ahead 1.80 x", "ahead 4.67 x", "ahead 4.67 x"],
        [
            "the card behind FastAPI",
            "1",
            "**behind** 0.90 x",
            "**behind** 0.33 x",
            "**behind** 0.33 x",
        ],
        ["the card behind FastAPI", "8", "even (0.99 x)", "ahead 2.33 x", "ahead 2.33 x"],
    ]


@pytest.mark.parametrize("rate", [9.0, 20.0])
def test_all_cores_would_give_more_than_some_gave(rate: float) -> None:
    found = re.search(r"all of them\s+would give ([\d.]+) cascades a second", bounds(results(rate)))
    assert found is not None
    assert float(found[1]) == pytest.approx(rate / 0.9, abs=0.05)


def test_no_step_is_said_to_be_scoring_alone() -> None:
    text = page(results(9.0))
    assert "| the cascade in one process: scored, and what else differs | 2.00 x |" in text
    assert "The first step is not scoring alone." in text
