"""Pods of `demo-cpu` roll under load, in podman, and every answer is whole and what it was before.

Podman's names know a pod from its start until it is removed, where a cluster's know only those that
are ready: the API meets addresses where nobody listens yet, or nobody any more.
"""

import itertools
import random
from collections import Counter

import httpx
import pytest

from hikari_serve.drawing.cases import draw_cases
from tests.crowd import crowd
from tests.image.container import podman
from tests.image.pods import Pod, Pods
from tests.served.pictures import png

STAGES = ("group", "references", "disease", "disease", "caption")
ROLLED = ("hikari-disease", "hikari-disease", "hikari-caption", "hikari-api")
"""Of two replicas both, and of one the only one."""
IN_FLIGHT = 6
PICTURES = [png(each.image) for each in draw_cases(24, 41_000)]


class Cluster:
    """Pods by what makes them; a Service is those that are ready and were not told to end."""

    def __init__(self, pods: Pods) -> None:
        self.ready: dict[str, list[Pod]] = {}
        self._pods = pods
        started = [
            (name, pods.start(name)) for name in (*map("hikari-{}".format, STAGES), "hikari-api")
        ]
        for name, pod in started:
            pod.wait_ready()
            self.ready.setdefault(name, []).append(pod)

    def roll(self, name: str) -> None:
        """A new pod, and then the end of the oldest: `maxSurge: 1`, `maxUnavailable: 0`."""
        started = self._pods.start(name)
        started.wait_ready()
        self.ready[name].append(started)
        oldest = self.ready[name].pop(0)
        assert oldest.end() == 0, podman("logs", "--tail", "50", oldest.server)
        self._pods.remove(oldest)

    def ask(self, picture: bytes) -> str:
        """What one of the API's pods says of a picture, on a connection of its own."""
        api = random.choice(self.ready["hikari-api"])
        try:
            url = f"http://{api.address}:3000/diagnose"
            response = httpx.post(url, files={"image": picture}, timeout=60)
        except httpx.HTTPError as error:
            return repr(error)
        answer = response.json()
        if answer.get("status") not in ("complete", "abstained"):
            return response.text
        return f"{answer['status']}: {answer['disease']['label']}, {answer['caption']['text']}"


@pytest.fixture
def cluster(pods: Pods) -> Cluster:
    return Cluster(pods)


def test_pods_roll_under_load_and_no_answer_is_lost_or_another(cluster: Cluster) -> None:
    before = [cluster.ask(each) for each in PICTURES]
    turns = itertools.count()
    outcomes: Counter[str] = Counter()

    def ask() -> None:
        number = next(turns) % len(PICTURES)
        said = cluster.ask(PICTURES[number])
        outcomes["as before" if said == before[number] else said] += 1

    with crowd(ask, IN_FLIGHT):
        for name in ROLLED:
            already = outcomes.total()
            cluster.roll(name)
            assert outcomes.total() > already
    assert set(outcomes) == {"as before"}, outcomes
