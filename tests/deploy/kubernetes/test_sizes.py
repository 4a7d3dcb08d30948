"""What pods ask for and may take: what the docs say of measurements and of the worst case."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from hikari_serve.cli.models.plan import needs_on_gpu
from hikari_serve.planning.plan import by_device, gpu_bytes, make_plan
from hikari_serve.repository.repository import Repository
from tests.deploy.kubernetes.overlays import DOCS, each_overlay, graph_of, settings_of
from tests.deploy.kubernetes.rendered import (
    FOLDER,
    Object,
    cores,
    overlay,
    render,
)
from tests.served.server import ROOT

SYSTEM_CORES, SYSTEM_GB = 1.0, 0.5
"""What the pods of a node's own system ask for: of kind's one node 0.95 cores and 0.3 GB."""


def mib(pod: str, when: str) -> int:
    """What `make sizing` found, at rest or after load."""
    (found,) = re.findall(rf"^\| {pod} \| \d+ \| \d+ \| (\d+) \| (\d+) \|$", DOCS, re.M)
    return int(found[("at rest", "after load").index(when)])


def asked(pod: Object) -> tuple[float, int]:
    """Cores and bytes that a pod requests."""
    (container,) = pod["spec"]["containers"]
    requests = container["resources"]["requests"]
    return cores(requests["cpu"]), int(requests["memory"].removesuffix("Mi")) * 2**20


def asleep_beside_the_api(name: str) -> int:
    """Bytes that engines in its pod keep while another has the card, as `hikari models plan` says."""
    settings = settings_of(name, "hikari-api")
    if not settings.here(graph_of(name).steps):
        return 0
    needs, _ = needs_on_gpu(Repository(ROOT / "models"), settings.cascade)
    plans = [make_plan(each, gpu_bytes("16GB")) for each in by_device(needs).values()]
    return sum(plan.host for plan in plans)


@each_overlay
def test_an_api_has_the_memory_that_it_takes_at_worst(name: str) -> None:
    """By the arithmetic of docs/settings.md, and beside what sleeps in the same pod."""
    settings = settings_of(name, "hikari-api")
    (container,) = overlay(name).pods()["hikari-api"]["spec"]["containers"]
    limits = container["resources"]["limits"]
    decoding = 9 * settings.max_image_pixels * int(limits["cpu"])
    worst = 5 * settings.max_bytes + decoding + mib("api", "at rest") * 2**20
    asleep = asleep_beside_the_api(name)
    assert (asleep > 0) == (name == "gpu-single")
    assert worst + asleep < int(limits["memory"].removesuffix("Gi")) * 2**30


def test_the_settings_say_what_bodies_and_pictures_take() -> None:
    settings = settings_of("demo-cpu", "hikari-api")
    (container,) = overlay("demo-cpu").pods()["hikari-api"]["spec"]["containers"]
    decoding = 9 * settings.max_image_pixels * int(container["resources"]["limits"]["cpu"])
    said = f"with two cores and gRPC at most {(5 * settings.max_bytes + decoding) / 1e9:.1f} GB,"
    assert said in (FOLDER / "api" / "kustomization.yaml").read_text()


def test_the_demo_and_a_roll_of_all_of_it_fit_the_node_that_the_docs_name() -> None:
    pods = overlay("demo-cpu").pods().values()
    deployments = overlay("demo-cpu").of("Deployment").values()
    assert {each["spec"]["replicas"] for each in deployments} == {1}
    surge = {each["spec"]["strategy"]["rollingUpdate"]["maxSurge"] for each in deployments}
    assert surge == {1}
    (row,) = re.findall(r"^\| `demo-cpu` .* (\d+) cores, (\d+) GB \|$", DOCS, re.M)
    assert 2 * sum(asked(pod)[0] for pod in pods) + SYSTEM_CORES <= int(row[0])
    assert 2 * sum(asked(pod)[1] for pod in pods) / 1e9 + SYSTEM_GB <= int(row[1])


def test_a_pod_asks_for_what_an_image_a_second_takes() -> None:
    for maker, pod in overlay("demo-cpu").pods().items():
        component = maker.removeprefix("hikari-")
        (drawing,) = re.findall(rf"^\| {component} \| (\d\.\d+) \|", DOCS, re.M)
        (photograph,) = re.findall(r"A photograph costs the API (\d\.\d+) core", DOCS)
        assert float(photograph if component == "api" else drawing) <= asked(pod)[0]
        assert mib(component, "after load") * 2**20 <= asked(pod)[1]


def test_an_autoscaler_reaches_the_cell_that_the_docs_advise() -> None:
    (most,) = map(int, re.findall(r"`components/hpa` goes up\s+to (\d+) pods", DOCS))
    cell = dict(re.findall(r"^\| (\w+) \| \d\.\d+ \| \d+ \| ([\d,]+) \|", DOCS, re.M))
    scalers = [
        *render(FOLDER / "components" / "hpa").objects,
        *render(FOLDER / "components" / "hpa" / "references").objects,
    ]
    assert {each["metadata"]["name"] for each in scalers} == {f"hikari-{name}" for name in cell}
    for each in scalers:
        assert each["spec"]["maxReplicas"] == most
    assert max(int(replicas) for replicas in cell.values()) <= most


def test_what_asks_how_to_measure_measures_nothing() -> None:
    command = [sys.executable, "-m", "tests.deploy.kubernetes.sizing", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.startswith("usage:")) == (0, True)


RUNS_A_POD = """
import sys, time
from pathlib import Path
from tests.deploy.kubernetes.processes import pod, unwind_when_told
from tests.deploy.kubernetes.rendered import overlay

unwind_when_told()
with pod(overlay("demo-cpu"), "hikari-group", "127.0.9.9", Path(sys.argv[1])) as running:
    print(running.process.pid, flush=True)
    time.sleep(600)
"""


def test_pods_end_with_what_measures_them(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUNS_A_POD, str(tmp_path / "pod")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as measuring:
        assert measuring.stdout is not None
        pod = int(measuring.stdout.readline())
        measuring.terminate()
        assert measuring.wait(60) == 128 + signal.SIGTERM
    assert not psutil.pid_exists(pod)
