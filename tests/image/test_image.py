"""The image that `make image` builds: what is in it, that it serves, and that it ends well."""

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
import tritonclient.grpc as triton

from hikari_serve import __version__
from hikari_serve.drawing.cases import Drawing, draw_cases
from tests.certificates import self_signed
from tests.image.container import IMAGE, LIMITS, START_SECONDS, Container, podman, running
from tests.served.pictures import png
from tests.served.server import ROOT, free_port

MOST_BYTES = 1_500_000_000
MOST_PULLED_BYTES = 550_000_000
SBOM = "/opt/hikari/share/sbom/hikari-serve.cdx.json"
IN_FLIGHT = 8


@pytest.fixture(scope="module")
def drawings() -> list[Drawing]:
    return list(draw_cases(2 * IN_FLIGHT, 31_000))


def in_image(*command: str) -> str:
    return podman("run", "--rm", "--network", "none", "--read-only", IMAGE, *command)


def taken_in(probes: int) -> float:
    """Pictures that the server has read, of requests that it has therefore taken in."""
    lines = httpx.get(f"http://127.0.0.1:{probes}/metrics", timeout=30).text.splitlines()
    return sum(
        float(line.split()[-1]) for line in lines if line.startswith("hikari_pictures_total")
    )


def test_it_is_small_and_says_what_it_is() -> None:
    (image,) = json.loads(podman("image", "inspect", IMAGE))
    assert image["Size"] <= MOST_BYTES
    labels = image["Config"]["Labels"]
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert labels["org.opencontainers.image.version"] == __version__
    assert labels["org.opencontainers.image.revision"] == head.stdout.strip()
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert int(image["Config"]["User"].split(":")[0]) > 0
    assert image["Healthcheck"]["Test"]


def test_little_of_it_is_pulled(tmp_path: Path) -> None:
    podman("push", "--quiet", IMAGE, f"oci:{tmp_path}/layout")
    blobs = (tmp_path / "layout" / "blobs").rglob("*")
    assert sum(path.stat().st_size for path in blobs if path.is_file()) <= MOST_PULLED_BYTES


def test_it_has_no_compiler_and_nothing_that_installs() -> None:
    missing = "for tool in cc gcc g++ make git pip pip3 uv; do command -v $tool; done; true"
    assert in_image("sh", "-c", missing) == ""


def test_it_lists_its_packages() -> None:
    listed = json.loads(in_image("cat", SBOM))
    assert listed["bomFormat"] == "CycloneDX"
    found = {each["name"]: each["version"] for each in listed["components"]}
    assert found["hikari-serve"] == __version__
    pins = (Path(__file__).parents[2] / "requirements.txt").read_text().splitlines()
    for name, _, version in (line.partition("==") for line in pins if "==" in line):
        assert found[name].split("+")[0] == version


def test_it_serves_and_loses_nothing_when_it_ends(drawings: list[Drawing]) -> None:
    port, probes, grpc = free_port(), free_port(), free_port()
    command = ("bentoml", "serve", "service:Hikari", "--host", "127.0.0.1", "--port", str(port))
    with running(*command, probes=probes, HIKARI_GRPC_PORT=str(grpc)) as container:
        container.wait_ready()
        assert podman("healthcheck", "run", container.name) in ("", "healthy")

        def ask(drawing: Drawing) -> tuple[int, str]:
            files = {"image": png(drawing.image)}
            answer = httpx.post(f"http://127.0.0.1:{port}/diagnose", files=files, timeout=60)
            return answer.status_code, answer.json()["status"]

        assert ask(drawings[0])[0] == 200
        with triton.InferenceServerClient(f"127.0.0.1:{grpc}") as client:
            image = triton.InferInput("image", [1], "BYTES")
            image.set_data_from_numpy(np.array([png(drawings[0].image)], object))
            assert client.infer("demo", [image], client_timeout=60).as_numpy("disease.label")
        scraped = httpx.get(f"http://127.0.0.1:{probes}/metrics").text
        assert 'hikari_requests_total{cause="",door="diagnose"' in scraped
        before = taken_in(probes)
        with ThreadPoolExecutor(IN_FLIGHT) as clients:
            asked = [clients.submit(ask, each) for each in drawings[:IN_FLIGHT]]
            while taken_in(probes) < before + IN_FLIGHT:
                time.sleep(0.05)
            podman("kill", "--signal", "TERM", container.name)
            assert [each.result()[0] for each in asked] == [200] * IN_FLIGHT
        assert podman("wait", container.name) == "0"


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_it_is_healthy_without_a_port_of_the_probes(tls: bool, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path / "tls")
    Path(certificate.key).chmod(0o644)  # for the image's user
    folder = "/run/tls"
    settings = {"HIKARI_METRICS_PORT": "0"}
    if tls:
        settings |= {"HIKARI_TLS_CERT": f"{folder}/cert.pem", "HIKARI_TLS_KEY": f"{folder}/key.pem"}
    given = [part for key, value in settings.items() for part in ("--env", f"{key}={value}")]
    mounted = ("--volume", f"{tmp_path}/tls:{folder}:ro")
    name = podman("run", "--detach", "--network", "none", *LIMITS, *mounted, *given, IMAGE)
    try:
        container = Container(name, probes=0)
        until = time.monotonic() + START_SECONDS
        command = ["podman", "healthcheck", "run", name]
        while subprocess.run(command, capture_output=True).returncode != 0:
            assert container.state()["Running"], container.log()
            assert time.monotonic() < until, container.log()
            time.sleep(1)
    finally:
        podman("rm", "--force", "--time", "5", name)


def test_a_stage_is_the_same_image() -> None:
    port, probes = free_port(), free_port()
    stage = ("bentoml", "serve", "runners.stage:StageRunner", "--host", "127.0.0.1")
    with running(*stage, "--port", str(port), probes=probes, HIKARI_STAGE="group") as container:
        container.wait_ready()
        assert "hikari_model_info" in httpx.get(f"http://127.0.0.1:{probes}/metrics").text
        podman("kill", "--signal", "TERM", container.name)
        assert podman("wait", container.name) == "0"
