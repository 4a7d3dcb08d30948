"""Nothing is lost while Deployments roll under load: `demo-cpu`, as processes of this machine."""

import itertools
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import httpx
import pytest

from hikari_serve.drawing.cases import draw_cases
from tests.crowd import crowd
from tests.deploy.kubernetes.processes import Pod, pod
from tests.deploy.kubernetes.rendered import overlay
from tests.served.pictures import png

DEMO = overlay("demo-cpu")
STAGES = ("group", "references", "disease", "caption")
ROLLED = ("hikari-api", "hikari-disease")
"""All five were; they are alike, and take five minutes."""
IN_FLIGHT = 8
KEPT = 8
"""Clients besides, each with one connection that it keeps."""
THINK_SECONDS = 1.0, 4.0
"""Between an answer and such a client's next request; a server that stops lingers longer."""
NETWORK = "127.0.6"


class Cluster:
    """Pods by what makes them; a Service is the pods whose readiness probe passed."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.ready: dict[str, list[Pod]] = {f"hikari-{name}": [] for name in ("api", *STAGES)}
        self._folder = folder
        self._stack = stack
        self._numbers = itertools.count(1)
        places = iter(range(1, 250))
        # what the headless Services' names resolve to, now or later: nobody listens on most of them
        self._addresses = {
            name: [f"{NETWORK}.{next(places)}" for _ in range(4)] for name in self.ready
        }
        self._free = {name: iter(found) for name, found in self._addresses.items()}

    def start(self, name: str) -> Pod:
        """Begins to start a pod."""
        runners = {
            f"HIKARI_{stage.upper()}_RUNNER": ",".join(
                f"http://{address}:3000" for address in self._addresses[f"hikari-{stage}"]
            )
            for stage in STAGES
        }
        folder = self._folder / f"{name}-{next(self._numbers)}"
        running = pod(DEMO, name, next(self._free[name]), folder, runners)
        return self._stack.enter_context(running)

    def serve(self, name: str, started: Pod) -> None:
        """Waits until a pod is ready, and sends it requests from then on."""
        started.wait("startup")
        started.wait("readiness")
        self.ready[name].append(started)

    def roll(self, name: str) -> None:
        """A new pod, and then the end of the oldest: `maxSurge: 1`, `maxUnavailable: 0`."""
        self.serve(name, self.start(name))
        oldest = self.ready[name].pop(0)
        assert oldest.end() == 0, oldest.log.read_text()[-4000:]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        made = Cluster(tmp_path, stack)
        starting = [
            (name, made.start(name))
            for stage in STAGES
            for name in [f"hikari-{stage}"] * (2 if f"hikari-{stage}" in ROLLED else 1)
        ]
        starting.append(("hikari-api", made.start("hikari-api")))
        for name, started in starting:
            made.serve(name, started)
        yield made


class Kept(threading.local):
    """A client's one connection, which it never looks at before it sends on it."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.opened: HTTPConnection | None = None

    def ask(self, address: str, picture: bytes) -> str:
        """The status of the answer; the address is that of a new connection, if one is needed."""
        question = httpx.Request("POST", "http://hikari/diagnose", files={"image": picture})
        try:
            if self.opened is None:
                opened = HTTPConnection(address, 3000, timeout=60)
                self.opened = self._stack.enter_context(closing(opened))
            self.opened.request("POST", "/diagnose", question.read(), dict(question.headers))
            answer = self.opened.getresponse()
            said = answer.read().decode()
        except (OSError, HTTPException) as error:
            self.leave()
            return f"kept: {error!r}"
        if answer.getheader("connection") == "close":
            self.leave()
        return str(json.loads(said).get("status") or said)

    def leave(self) -> None:
        """The next question gets another connection."""
        assert self.opened is not None
        self.opened.close()
        self.opened = None


def test_deployments_roll_under_load_and_nothing_fails(cluster: Cluster) -> None:
    pictures = itertools.cycle([png(each.image) for each in draw_cases(24, 41_000)])
    outcomes: Counter[str] = Counter()

    def ask() -> None:
        (*_, api) = cluster.ready["hikari-api"]
        url = f"http://{api.address}:3000/diagnose"
        try:
            answer = httpx.post(url, files={"image": next(pictures)}, timeout=60)
            outcomes[answer.json().get("status") or answer.text] += 1
        except httpx.HTTPError as error:
            outcomes[repr(error)] += 1

    stack = ExitStack()
    kept, moved = Kept(stack), Counter[str]()

    def ask_on() -> None:
        (*_, api) = cluster.ready["hikari-api"]
        moved[api.address] += kept.opened is None
        outcomes[kept.ask(api.address, next(pictures))] += 1
        time.sleep(random.uniform(*THINK_SECONDS))

    with stack, crowd(ask, IN_FLIGHT), crowd(ask_on, KEPT):
        for name in ROLLED:
            before = sum(outcomes.values())
            cluster.roll(name)
            assert sum(outcomes.values()) > before
        time.sleep(1)
    assert set(outcomes) <= {"complete", "abstained"}, outcomes
    assert list(moved.values()) == [KEPT, KEPT]  # from the old API to the new one
