"""The page of the protocol's doors, and what is read of perf_analyzer."""

from benchmarks.machine import Machine
from benchmarks.passes import Speed
from benchmarks.protocol.doors import Door
from benchmarks.protocol.page import Results, page
from benchmarks.protocol.perf_analyzer import Measured, read

TABLE = (
    "Concurrency,Inferences/Second,Client Send,p50 latency,p90 latency,p95 latency,p99 latency\n"
    "4,12.5,90,310500,320000,330000,402000\n"
)


def results(grpc: float, analyzed: bool) -> Results:
    speed = Speed(clients=4, rates=(12.0, 13.0), p50=300.0, p99=410.0, requests=9)
    return Results(
        machine=Machine("Some processor", 2, 24.0, "Linux", 0.1, "2026-01-02", "versions"),
        alone={
            Door.DIAGNOSE: [50.0, 50.0, 55.0, 60.0, 60.0],
            Door.HTTP: [51.0, 51.0, 56.0, 61.0, 61.0],
            Door.GRPC: [grpc, grpc, grpc + 5, grpc + 10, grpc + 10],
        },
        crowded={(Door.GRPC, 4): speed},
        analyzed={("grpc", 4): read(TABLE)} if analyzed else {},
        quick=False,
    )


def test_a_row_of_perf_analyzer_is_read_in_milliseconds() -> None:
    assert read(TABLE) == Measured(rate=12.5, p50=310.5, p99=402.0)


def test_the_page_has_every_number_and_says_whether_the_goal_is_met() -> None:
    told = page(results(52.0, analyzed=True))
    assert "| OIP over gRPC | 57.0 | 62.0 | +2.0 |" in told
    assert "Goal: gRPC costs at most 3 ms more: met." in told
    assert "| OIP over gRPC | 4 | 12.50 | 300 | 410 |" in told
    assert "| grpc | 4 | 12.50 | 310 | 402 |" in told
    missed = page(results(54.0, analyzed=False))
    assert "Goal: gRPC costs at most 3 ms more: **not met**." in missed
    assert "`perf_analyzer` was not run." in missed
