"""What the batcher learns, on a clock of the test's own."""

import pytest

from hikari_serve.scheduling.batching import Batching


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def taught(gap: float, a: float, b: float) -> tuple[Batching, Clock]:
    clock = Clock()
    batching = Batching(clock)
    for size in (1, 4, 2, 8, 3) * 4:
        batching.finished(size, a * size + b)
    for _ in range(60):
        clock.now += gap
        batching.arrived()
    return batching, clock


def test_it_learns_the_line_through_its_batches() -> None:
    batching, _ = taught(gap=1.0, a=0.010, b=0.100)
    assert batching.latency() == pytest.approx((0.010, 0.100))


def test_batches_of_one_size_teach_no_fixed_cost() -> None:
    batching = Batching(Clock())
    for _ in range(5):
        batching.finished(4, 0.2)
    assert batching.latency() == pytest.approx((0.05, 0.0))


def test_a_lone_request_is_not_delayed() -> None:
    batching, _ = taught(gap=0.5, a=0.010, b=0.100)
    assert batching.patience(1) == 0


def test_it_waits_while_the_next_arrival_is_cheaper_than_a_batch_of_its_own() -> None:
    batching, clock = taught(gap=0.005, a=0.010, b=0.100)
    assert batching.patience(1) == pytest.approx((0.100 - 0.010) / 2)
    assert batching.patience(8) == 0  # delaying eight costs more than one batch saves
    clock.now += 0.2  # arrivals have dried up
    assert batching.patience(1) == 0


def test_it_foretells_when_a_full_queue_has_room() -> None:
    batching, _ = taught(gap=1.0, a=0.010, b=0.100)
    seconds = 16 * 0.010 + 2 * 0.100
    assert batching.wait_for(16, max_batch=8, concurrency=1) == pytest.approx(seconds)
    assert batching.wait_for(16, max_batch=8, concurrency=2) == pytest.approx(seconds / 2)
