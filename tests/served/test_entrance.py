"""A server with everything locked at once, and the sentences of one that cannot start."""

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from hikari_serve.drawing.cases import Drawing
from tests.certificates import self_signed
from tests.eventually import eventually
from tests.served.pictures import png
from tests.served.server import ROOT, Server, command, free_port, serving
from tests.served.test_processes import listening, own

KEY = "k" * 20
ORIGIN = "https://clinic.example"


def preflight(server: Server, origin: str) -> httpx.Response:
    headers = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
    }
    return httpx.options(f"{server.url}/diagnose", headers=headers, verify=server.trust)


def test_all_locks_at_once(drawings: list[Drawing], tmp_path: Path) -> None:
    made, port, stage_port = self_signed(tmp_path / "own"), free_port(), free_port()
    tls: dict[str, Any] = {"HIKARI_TLS_CERT": made.cert, "HIKARI_TLS_KEY": made.key}
    old, new = "t" * 20, "u" * 20  # in the middle of a change, with the API ahead of its stage
    (tmp_path / "keys").write_text(f"infer {KEY}\n")
    with ExitStack() as stack:
        runner = stack.enter_context(
            serving(
                tmp_path / "group",
                "runners.group:GroupRunner",
                HIKARI_METRICS_PORT=str(stage_port),
                HIKARI_STAGE_TOKEN=f"{old},{new}",
                **tls,
            )
        )
        assert listening(runner) == own(runner.url) | {("127.0.0.1", stage_port)}
        for path, status in (("/readyz", 200), ("/metrics", 200), ("/describe", 404)):
            assert httpx.get(f"http://127.0.0.1:{stage_port}{path}").status_code == status
        for said, status in ((old, 200), (new, 200), (f"{old},{new}", 401), ("none", 401)):
            asked = httpx.get(
                f"{runner.url}/describe",
                verify=runner.trust,
                headers={"authorization": f"Bearer {said}"},
            )
            assert asked.status_code == status
        server = stack.enter_context(
            serving(
                tmp_path / "api",
                HIKARI_PLACEMENT="inline",
                HIKARI_GROUP_RUNNER=runner.url,
                HIKARI_STAGE_CA=made.cert,
                HIKARI_WORKERS="2",
                HIKARI_METRICS_PORT=str(port),
                HIKARI_KEYS=str(tmp_path / "keys"),
                HIKARI_CORS_ORIGINS=ORIGIN,
                HIKARI_STAGE_TOKEN=f"{new},{old}",
                **tls,
            )
        )
        probes = f"http://127.0.0.1:{port}"
        assert listening(server) == own(server.url, server.grpc) | {("127.0.0.1", port)}
        assert eventually(
            lambda: server.log.read_text().count("demo_caption version 1 is READY") == 2
        )
        assert eventually(lambda: f"ready: {server.url} after" in server.log.read_text())
        with pytest.raises(httpx.HTTPError):
            httpx.get(server.url.replace("https", "http") + "/livez")
        over_tls = triton.InferenceServerClient(
            server.grpc, ssl=True, root_certificates=str(made.cert)
        )
        with over_tls as client:
            assert client.is_server_ready()
            with pytest.raises(InferenceServerException, match="a key is needed"):
                client.get_model_metadata("demo")
            keyed = {"authorization": f"Bearer {KEY}"}
            assert client.get_model_metadata("demo", headers=keyed).name == "demo"
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{server.url}/livez")  # nobody trusts it who was not told to

        with httpx.Client(
            base_url=server.url, verify=server.trust, timeout=60, headers={"origin": ORIGIN}
        ) as client:
            files = {"image": png(drawings[0].image)}
            assert client.get("/").status_code == 200
            refused = client.post("/diagnose", files=files)
            assert refused.status_code == 401
            assert refused.headers["access-control-allow-origin"] == ORIGIN  # the page may read why
            assert "retry-after" in refused.headers["access-control-expose-headers"]
            client.headers["authorization"] = f"Bearer {KEY}"
            answer = client.post("/diagnose", files=files)
            assert answer.json()["status"] == "complete"
            assert answer.json()["group"]["label"] == drawings[0].group
            assert answer.headers["access-control-allow-origin"] == ORIGIN
            assert "access-control-allow-credentials" not in answer.headers
            assert client.get("/metrics").status_code == 404
            assert client.get("/readyz").status_code == 200

        for path in ("/livez", "/readyz", "/healthz"):
            assert httpx.get(probes + path).status_code == 200
        for path in ("/", "/docs.json", "/schema.json", "/infer"):
            assert httpx.get(probes + path).status_code == 404
        counted = httpx.get(f"{probes}/metrics").text
        assert 'endpoint="/diagnose"' in counted
        workers = [
            each for each in psutil.Process(server.process.pid).children() if _is_worker(each)
        ]
        assert len(workers) == 2
        workers[0].kill()  # the other one answers, and the next one will
        for _ in range(20):
            assert httpx.get(f"{probes}/livez", timeout=30).status_code == 200

        allowed = preflight(server, ORIGIN)
        assert allowed.headers["access-control-allow-origin"] == ORIGIN
        assert "access-control-allow-credentials" not in allowed.headers
        assert (
            "access-control-allow-origin" not in preflight(server, "https://evil.example").headers
        )
        assert "access-control-allow-origin" not in preflight(server, "null").headers
        counted = httpx.get(f"{probes}/metrics").text
        assert 'outcome="complete"' in counted
        assert 'outcome="cancelled"' not in counted  # a preflight asks for no answer


def _is_worker(process: psutil.Process) -> bool:
    return "--service-name" in process.cmdline()


def test_no_other_origin_is_allowed_unless_it_is_set(server: Server) -> None:
    for answer in (
        preflight(server, ORIGIN),
        httpx.get(f"{server.url}/docs.json", headers={"origin": ORIGIN}),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[bytes]]]:
    """A proxy that passes nothing on, and what it was asked for."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def note() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    asked.append(connection.recv(1000))

        thread = threading.Thread(target=note, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", asked
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


def run(arguments: list[str], **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HIKARI_", "BENTOML_"))
    }
    return subprocess.run(
        arguments,
        cwd=ROOT,
        env={**environment, **settings},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_an_open_server_says_so_and_reports_to_nobody(
    tmp_path: Path, proxy: tuple[str, list[bytes]]
) -> None:
    """It cannot start, because its port for metrics is in use; that is said in one sentence too."""
    url, asked = proxy
    home = {"BENTOML_HOME": str(tmp_path / "home"), "HTTPS_PROXY": url}
    serve = command("service:Hikari", free_port())
    serve[serve.index("127.0.0.1")] = "0.0.0.0"
    with socket.create_server(("0.0.0.0", 0)) as used:
        port = str(used.getsockname()[1])
        done = run(serve, HIKARI_METRICS_PORT=port, BENTOML_DO_NOT_TRACK="false", **home)
    said = [line for line in (done.stdout + done.stderr).splitlines() if line]
    assert done.returncode == 1
    assert len(said) == 2, said
    assert "anybody who can reach 0.0.0.0 may ask: set HIKARI_KEYS" in said[0]
    assert said[1] == f"hikari: cannot listen on 0.0.0.0:{port}: Address already in use"
    assert asked == []
    run([*command("", 0)[:3], "list"], **home)
    assert asked[0].startswith(b"CONNECT t.bentoml.com"), "BentoML itself no longer reports"


@pytest.mark.parametrize("variable", ["BENTOML_HOME", "HOME"])
def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path: Path, variable: str) -> None:
    (tmp_path / "file").touch()
    place = str(tmp_path / "file" / "home")  # below a file nobody writes, root neither
    done = run(command("service:Hikari", free_port()), **{variable: place})
    said = [line for line in (done.stdout + done.stderr).splitlines() if line]
    assert done.returncode == 1
    assert len(said) == 1, said
    assert said[0].startswith("hikari: ")
    assert place in said[0]
