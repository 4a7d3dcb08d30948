"""The overlay `demo-cpu` as pods of podman, of this image: as restricted as it says, and it serves."""

import os

import httpx

from hikari_serve.drawing.cases import draw_cases
from tests.image.container import podman
from tests.image.pods import Pod, Pods
from tests.served.pictures import png

MAKERS = tuple(f"hikari-{name}" for name in ("group", "references", "disease", "caption", "api"))


def test_pods_find_each_other_and_answer(pods: Pods) -> None:
    running = {name: pods.start(name) for name in MAKERS}
    for pod in running.values():
        pod.wait_ready()
        is_restricted(pod)
    api = running["hikari-api"]
    for drawing in draw_cases(4, 43_000):
        files = {"image": png(drawing.image)}
        answer = httpx.post(f"http://{api.address}:3000/diagnose", files=files, timeout=60).json()
        assert answer["status"] in ("complete", "abstained"), answer["stages"]
    for pod in (api, running["hikari-disease"]):
        assert pod.end() == 0


def is_restricted(pod: Pod) -> None:
    """Its user, root, capabilities, memory and cores are what its manifest says."""
    asked = "id -u; touch /srv/new 2>&1; grep -E '^(CapEff|NoNewPrivs)' /proc/self/status; exit 0"
    user, root, *rights = podman("exec", pod.server, "sh", "-c", asked).splitlines()
    assert user == "10034"
    assert "Read-only file system" in root
    assert [each.split()[1] for each in rights] == ["0" * 16, "1"]
    limits = pod.container["resources"]["limits"]
    memory = int(podman("inspect", "--format", "{{.HostConfig.Memory}}", pod.server))
    assert memory == int(limits["memory"].removesuffix("Gi")) * 2**30
    seen = "from hikari_serve.settings import available_cores as cores; print(cores())"
    cores = int(podman("exec", pod.server, "python", "-c", seen))
    assert cores == min(int(limits["cpu"]), os.cpu_count() or 1)
