"""NVIDIA's `perf_analyzer` against a served demo, unchanged, over both protocols.

The newest release on PyPI wants glibc 2.38. tritonclient 2.41 brought the last one that runs with
2.35 and newer; it wants libcudart, which a wheel of NVIDIA's brings, and Debian's libb64-0d.
"""

import csv
import json
import os
import subprocess
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.served.server import Server

CUDART = "lib/python*/site-packages/nvidia/cuda_runtime/lib"
"""Where the wheel of libcudart lies in the environment that the binary is in."""

ANY = "999"
"""How many percent its windows may differ; it would fail on a machine that does other work too."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What it found with a number of clients.

    Attributes:
        rate: Answers a second.
        p50: Median latency, in milliseconds.
        p99: 99th percentile of the same.
    """

    rate: float
    p50: float
    p99: float


def measure(
    binary: Path,
    server: Server,
    protocol: str,
    clients: int,
    pictures: Sequence[bytes],
    seconds: float,
) -> Measured:
    """Runs it once.

    Args:
        binary: `perf_analyzer`.
        server: What to ask.
        protocol: `http` or `grpc`.
        clients: Requests in flight at once.
        pictures: Encoded pictures, which it sends one after another.
        seconds: How long each of its windows is; it takes three.

    Raises:
        RuntimeError: It failed; the message is its output.
    """
    address = server.grpc if protocol == "grpc" else server.url.removeprefix("http://")
    with TemporaryDirectory() as folder:
        data, table = Path(folder, "pictures.json"), Path(folder, "table.csv")
        data.write_text(json.dumps({"data": [_input(each) for each in pictures]}))
        command = [
            str(binary), "-m", "demo", "-i", protocol, "-u", address,
            "--input-data", str(data), "--shape", "image:1",
            "--concurrency-range", str(clients),
            "--measurement-interval", str(round(seconds * 1000)),
            "--stability-percentage", ANY, "--percentile", "50", "-f", str(table),
        ]  # fmt: skip
        libraries = [str(each) for each in binary.parents[1].glob(CUDART)]
        libraries += filter(None, [os.environ.get("LD_LIBRARY_PATH")])
        environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(libraries)}
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
        if ran.returncode:
            raise RuntimeError(f"perf_analyzer failed: {ran.stdout}{ran.stderr}")
        return read(table.read_text())


def read(table: str) -> Measured:
    """Reads the one row of a table that it wrote."""
    (row,) = csv.DictReader(StringIO(table))
    p50, p99 = (float(row[f"{each} latency"]) / 1000 for each in ("p50", "p99"))
    return Measured(float(row["Inferences/Second"]), p50, p99)


def _input(picture: bytes) -> dict[str, object]:
    """A picture as an element of a tensor of BYTES, which begins with its length."""
    element = len(picture).to_bytes(4, "little") + picture
    return {"image": {"b64": b64encode(element).decode(), "shape": [1]}}
