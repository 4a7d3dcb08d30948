"""What the inference protocol's doors cost beside `/diagnose`: `python -m benchmarks.protocol`.

One server, one client, and every drawing asked for by each door in turn, in another order each
time: what the machine does besides is the same for all of them.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import httpx
import numpy as np
import tritonclient.grpc as over_grpc
import tritonclient.http as over_http

from hikari_serve.drawing.cases import draw_cases
from tests.served.pictures import png
from tests.served.server import serving

SEED = 30_000
WARM_UP = 5
MOST_MS = 3.0
"""What gRPC may cost more than `/diagnose` for the same drawing, at the median."""

Ask = Callable[[bytes], object]


def doors(url: str, address: str) -> dict[str, Ask]:
    """Each door as a function from a picture to the whole answer, with a connection of its own."""
    client = httpx.Client(base_url=url, timeout=60)
    by_http = over_http.InferenceServerClient(url.removeprefix("http://"))
    by_grpc = over_grpc.InferenceServerClient(address)

    def diagnose(picture: bytes) -> object:
        return client.post("/diagnose", files={"image": picture}).raise_for_status().json()

    def inference(asked: object, module: object) -> Ask:
        def ask(picture: bytes) -> object:
            image = module.InferInput("image", [1], "BYTES")  # type: ignore[attr-defined]
            image.set_data_from_numpy(np.array([picture], dtype=object))
            wanted = [module.InferRequestedOutput("answer")]  # type: ignore[attr-defined]
            answer = asked.infer("demo", [image], outputs=wanted)  # type: ignore[attr-defined]
            return json.loads(answer.as_numpy("answer")[0])

        return ask

    return {
        "/diagnose": diagnose,
        "OIP over HTTP": inference(by_http, over_http),
        "OIP over gRPC": inference(by_grpc, over_grpc),
    }


def measure(url: str, address: str, count: int) -> dict[str, list[float]]:
    """Milliseconds of each request, by door."""
    asks = doors(url, address)
    names = list(asks)
    took: dict[str, list[float]] = {name: [] for name in names}
    for at, drawing in enumerate(draw_cases(WARM_UP + count, SEED)):
        picture = png(drawing.image)
        for turn in range(len(names)):
            name = names[(at + turn) % len(names)]
            began = perf_counter()
            asks[name](picture)
            if at >= WARM_UP:
                took[name].append((perf_counter() - began) * 1000)
    return took


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description="Measure the doors beside each other.")
    parser.add_argument("--count", type=int, default=60, help="drawings")
    count = parser.parse_args().count
    with TemporaryDirectory() as home, serving(Path(home)) as server:
        took = measure(server.url, server.grpc, count)
    print("| door | p50 ms | p95 ms | more than /diagnose for a drawing, p50 ms |")
    print("| --- | ---: | ---: | ---: |")
    more = 0.0
    for name, each in took.items():
        late = sorted(each)[int(len(each) * 0.95)]
        pairs = zip(each, took["/diagnose"], strict=True)
        more = median(its - base for its, base in pairs)
        print(f"| {name} | {median(each):.1f} | {late:.1f} | {more:+.1f} |")
    print(f"goal: gRPC at most {MOST_MS:g} ms more: {'met' if more <= MOST_MS else 'not met'}")


if __name__ == "__main__":
    main()
