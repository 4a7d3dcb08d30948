"""Measures the doors, and writes the page: `make bench-protocol`."""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.machine import Machine
from benchmarks.passes import Pass, Speed, closed_loop
from benchmarks.protocol import PAGE, perf_analyzer
from benchmarks.protocol.doors import Door, doors
from benchmarks.protocol.page import Results, page
from hikari_serve.drawing.cases import draw_cases
from tests.served.pictures import png
from tests.served.server import Server, serving

SEED = 30_000
WARM_UP = 5
CLIENTS = (1, 4, 8, 16)
EACH = 8
"""Requests that count in a pass, for each of its clients."""


async def alone(server: Server, pictures: Sequence[bytes]) -> dict[Door, list[float]]:
    """Milliseconds of each picture by each door, one at a time; some before them do not count."""
    took: dict[Door, list[float]] = {door: [] for door in Door}
    async with doors(server, 1) as asks:
        for at, picture in enumerate(pictures):
            for turn in range(len(asks)):
                door = list(Door)[(at + turn) % len(asks)]
                began = perf_counter()
                await asks[door](picture)
                if at >= WARM_UP:
                    took[door].append((perf_counter() - began) * 1000)
    return took


async def crowded(
    server: Server, pictures: Sequence[bytes], clients: int, repeats: int
) -> dict[Door, Speed]:
    """How fast each door is with so many clients; the doors are asked in turns."""
    passes: dict[Door, list[Pass[bytes]]] = {door: [] for door in Door}
    async with doors(server, clients) as asks:
        for _ in range(repeats):
            for door, ask in asks.items():
                passes[door].append(await closed_loop(ask, pictures, clients))
    return {door: Speed.of(each) for door, each in passes.items()}


def main() -> None:
    """Reads the command line and runs."""
    parser = argparse.ArgumentParser(description="Measure the protocol's doors.")
    parser.add_argument("--out", type=Path, default=PAGE)
    parser.add_argument("--perf-analyzer", type=Path, help="its binary; none is run without it")
    parser.add_argument("--quick", action="store_true", help="too few requests to quote")
    asked = parser.parse_args()
    count, repeats, seconds, each = (6, 1, 2.0, 2) if asked.quick else (60, 3, 8.0, EACH)
    most = max(each * clients + 2 * clients for clients in CLIENTS)
    drawn = draw_cases(max(WARM_UP + count, most), SEED)
    pictures = [png(drawing.image) for drawing in drawn]
    machine = Machine.here()
    speeds: dict[tuple[Door, int], Speed] = {}
    analyzed: dict[tuple[str, int], perf_analyzer.Measured] = {}
    with TemporaryDirectory() as home, serving(Path(home)) as server:
        lone = asyncio.run(alone(server, pictures[: WARM_UP + count]))
        for clients in CLIENTS:
            asked_for = pictures[: (each + 2) * clients + (count if clients == 1 else 0)]
            found = asyncio.run(crowded(server, asked_for, clients, repeats))
            speeds |= {(door, clients): speed for door, speed in found.items()}
        for protocol in ("http", "grpc") if asked.perf_analyzer else ():
            for clients in CLIENTS:
                analyzed[protocol, clients] = perf_analyzer.measure(
                    asked.perf_analyzer, server, protocol, clients, pictures, seconds
                )
    by_door = {(door, clients): speeds[door, clients] for door in Door for clients in CLIENTS}
    results = Results(machine, lone, by_door, analyzed, asked.quick)
    asked.out.write_text(page(results), encoding="utf-8")


if __name__ == "__main__":
    main()
