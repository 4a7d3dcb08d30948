"""What observing costs is measured between a server that is observed and one that is not."""

from benchmarks.observing.__main__ import SPANS, compare

REQUESTS = 8


def test_it_compares_two_servers_that_answer() -> None:
    cost = compare(runs=2, requests=REQUESTS)
    assert len(cost.observed) == len(cost.unobserved) == 2
    assert min(cost.observed + cost.unobserved) > 0
    assert cost.reading > 0
    assert f"observing costs {cost.ms:.2f} ms" in str(cost)
    assert cost.spans >= 3 * REQUESTS * SPANS  # those that warm it up are asked too
    assert cost.series[0] <= 1  # the audit log's losses, which have no labels
    assert cost.series[1] > 100
