import pytest

from benchmarks.bounds import Bounds


def test_the_mean_of_passes_still_adds_up() -> None:
    slow = Bounds(300.0, 6.0, 0.9, {"group": 100.0, "caption": 200.0}, {"caption": 2.0})
    quick = Bounds(100.0, 4.0, 0.7, {"group": 20.0, "caption": 80.0}, {"caption": 4.0})
    mean = Bounds.mean([slow, quick])
    assert mean.busy == pytest.approx(0.8)
    assert mean.clients == 5.0
    assert mean.whole == sum(mean.stages.values()) == 200.0
    assert mean.batches == {"caption": 3.0}
