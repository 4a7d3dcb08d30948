"""Measures what each pod of `demo-cpu` takes, and writes it into docs/operations.md: `make sizing`.

The pods are processes of this machine, from their rendered commands, environment and limits, one of
each. They start one after the other; then they are asked with fresh drawings, and with photographs.
"""

import math
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

import httpx
import psutil

from benchmarks.machine import Machine, resident_bytes
from benchmarks.pictures import Pictures
from benchmarks.tables import table
from tests.deploy.kubernetes.processes import Pod, pod, unwind_when_told
from tests.deploy.kubernetes.rendered import overlay
from tests.served.server import ROOT

PAGE = ROOT / "docs" / "operations.md"
BEGIN, END = "<!-- sizing: begin -->", "<!-- sizing: end -->"
DEMO = overlay("demo-cpu")
STAGES = ("caption", "disease", "group", "references")
API = "api"
RATES = (1, 100, 10_000)
"""Images a second that the table has replicas for."""
BUSY = 0.7
"""How much of its core a replica may be busy."""
DRAWINGS, PHOTOGRAPHS = 160, 48
CLIENTS = 8
MIB = 2**20


def cores(rate: int, seconds: float) -> int:
    """Cores for a number of images a second that take so many core seconds each."""
    return math.ceil(round(rate * seconds / BUSY, 6))


@dataclass(frozen=True, slots=True)
class Taken:
    """What a pod took.

    Attributes:
        ready: Seconds from its command to its first passed readiness probe.
        starting: Core seconds until then.
        rest: Bytes of memory then.
        loaded: Bytes of memory after all pictures.
        drawing: Core seconds an image of 256 x 256 pixels.
        photograph: Core seconds an image of 12 megapixels.
    """

    ready: float
    starting: float
    rest: int
    loaded: int
    drawing: float
    photograph: float

    def replicas(self, rate: int) -> int:
        """Cores, and so replicas of one core, for a number of images a second."""
        return cores(rate, self.drawing)


def core_seconds(running: Pod) -> float:
    """What a pod's processes have computed since they began."""
    parent = psutil.Process(running.process.pid)
    times = [each.cpu_times() for each in (parent, *parent.children(recursive=True))]
    return sum(t.user + t.system + t.children_user + t.children_system for t in times)


def resident(running: Pod) -> int:
    """Bytes of memory of a pod's processes."""
    return resident_bytes(running.process.pid)


def ask(pods: dict[str, Pod], pictures: Sequence[bytes]) -> dict[str, float]:
    """Has the API answer every picture; core seconds that each pod spent on one, to thousandths."""
    url = f"http://{pods[API].address}:3000/diagnose"
    before = {name: core_seconds(each) for name, each in pods.items()}

    def one(picture: bytes) -> None:
        answer = httpx.post(url, files={"image": picture}, timeout=120)
        assert answer.json()["status"] in ("complete", "abstained"), answer.text

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(one, pictures))
    return {
        name: round((core_seconds(each) - before[name]) / len(pictures), 3)
        for name, each in pods.items()
    }


def measure() -> tuple[dict[str, Taken], float]:
    """What each pod took, by its component, and the mean size of a photograph in bytes."""
    address = {name: f"127.0.9.{n}" for n, name in enumerate((*STAGES, API), 1)}
    runners = {f"HIKARI_{each.upper()}_RUNNER": f"http://{address[each]}:3000" for each in STAGES}
    pictures = Pictures()
    photographs = pictures.photographs(PHOTOGRAPHS)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pods, started = dict[str, Pod](), dict[str, tuple[float, float, int]]()
        for name in address:  # the API last: it waits for them
            began = time.monotonic()
            running = pod(DEMO, f"hikari-{name}", address[name], folder / name, runners)
            pods[name] = stack.enter_context(running)
            pods[name].wait("readiness")
            ready = time.monotonic() - began
            started[name] = (ready, core_seconds(pods[name]), resident(pods[name]))
        ask(pods, pictures.drawings(2 * CLIENTS))  # what is done once is not a picture's
        drawing = ask(pods, pictures.drawings(DRAWINGS))
        photograph = ask(pods, photographs)
        taken = {
            name: Taken(*started[name], resident(pods[name]), drawing[name], photograph[name])
            for name in pods
        }
    return taken, sum(map(len, photographs)) / len(photographs)


def page(taken: dict[str, Taken], photograph_bytes: float, machine: Machine) -> Iterator[str]:
    """What the page says of it, in paragraphs."""
    yield (
        f"Measured on {machine.day} with {machine.cores} cores ({machine.processor}, load before "
        f"{machine.load:.1f}): {DRAWINGS} drawings of 256 x 256 pixels, {CLIENTS} in flight, then "
        f"{PHOTOGRAPHS} photographs of 12 megapixels, {photograph_bytes / 1e6:.1f} MB each."
    )
    yield table(
        ("pod", "ready after s", "core s until then", "MiB then", "MiB after load"),
        (
            (
                name,
                f"{each.ready:.0f}",
                f"{each.starting:.0f}",
                f"{each.rest / MIB:.0f}",
                f"{each.loaded / MIB:.0f}",
            )
            for name, each in taken.items()
        ),
    )
    yield table(
        ("replicas of one core", "core s an image", *(f"{rate:,} a second" for rate in RATES)),
        (
            (name, f"{each.drawing:.3f}", *(f"{each.replicas(rate):,}" for rate in RATES))
            for name, each in taken.items()
        ),
    )
    api = taken[API]
    yield (
        f"Replicas are images a second times core seconds, by {BUSY}, rounded up; of the API run two "
        f"at least, for one to be left. A photograph costs the API {api.photograph:.3f} core seconds "
        f"in place of {api.drawing:.3f}: 100 a second of them are "
        f"{cores(100, api.photograph)} of its cores and "
        f"{100 * photograph_bytes / 1e9:.2f} GB a second."
    )


def wrapped(paragraph: str) -> str:
    """A paragraph in lines as long as the page's; a table as it is."""
    return paragraph if paragraph.startswith("|") else fill(paragraph, 105, break_on_hyphens=False)


def main() -> None:
    """Measures, and writes the part of the page between its marks anew."""
    ArgumentParser(description=__doc__).parse_args()
    unwind_when_told()
    machine = Machine.here()
    said = "\n\n".join(map(wrapped, page(*measure(), machine)))
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{said}\n{END}{after}", encoding="utf-8")
    print(said)


if __name__ == "__main__":
    main()
