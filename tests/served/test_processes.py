"""The server's own processes: what they listen on, how they die, and who notices."""

import io
import os
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path

import grpc
import psutil
from PIL import Image
from tritonclient.grpc import service_pb2, service_pb2_grpc

from hikari_serve.serving.run_folder import clear_leftovers
from tests.eventually import eventually
from tests.served.server import ROOT, Server, command, serving, wait_ready


def family(server: Server) -> list[psutil.Process]:
    parent = psutil.Process(server.process.pid)
    return [parent, *parent.children(recursive=True)]


def listening(server: Server) -> set[tuple[str, int]]:
    """Where the server's processes take connections over TCP or UDP."""
    return {
        (each.laddr.ip.removeprefix("::ffff:"), each.laddr.port)  # gRPC's sockets are of both kinds
        for process in family(server)
        for each in process.net_connections("inet")
        if each.status in (psutil.CONN_LISTEN, psutil.CONN_NONE)
    }


def own(*addresses: str) -> set[tuple[str, int]]:
    pairs = (each.rpartition("//")[2].split(":") for each in addresses)
    return {(host, int(port)) for host, port in pairs}


def asked(server: Server, channels: list[grpc.Channel]) -> set[int]:
    """Asks the cascade over gRPC by each channel; the processes that they lead to."""
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "brown").save(picture, "PNG")
    for channel in channels:
        message = service_pb2.ModelInferRequest(model_name="demo")
        message.inputs.add(name="image", datatype="BYTES", shape=[1])
        message.outputs.add(name="group.label")
        message.raw_input_contents.append(
            len(picture.getvalue()).to_bytes(4, "little") + picture.getvalue()
        )
        answer = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(message)
        assert [each.name for each in answer.outputs] == ["group.label"]
    port = int(server.grpc.rpartition(":")[2])
    return {
        process.pid
        for process in family(server)
        for each in process.net_connections("inet")
        if each.laddr.port == port and each.status == psutil.CONN_ESTABLISHED
    }


def another(server: Server, service: str, worker: int) -> bool:
    """Whether a service has a process, and it is another than it was."""
    try:
        return server.worker(service) != worker
    except LookupError:
        return False


def gone(process: psutil.Process) -> bool:
    """Whether it ended; nobody may have waited for an orphan."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_nothing_listens_but_the_service_in_every_placement(server: Server, tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with ExitStack() as stack:
        home = tmp_path / "group"
        runner = stack.enter_context(
            serving(home, "runners.group:GroupRunner", TMPDIR=str(temporary))
        )
        assert len(list(temporary.glob("hikari-*"))) == 1
        mixed = stack.enter_context(
            serving(
                tmp_path / "api",
                HIKARI_WORKERS="2",
                HIKARI_PLACEMENT="inline",
                HIKARI_GROUP_RUNNER=runner.url,
            )
        )
        for each in (server, mixed):
            assert listening(each) == own(each.url, each.grpc)
        assert listening(runner) == own(runner.url)

        alone = [("grpc.use_local_subchannel_pool", 1)]  # a connection stays with one worker
        channels = [grpc.insecure_channel(mixed.grpc, options=alone) for _ in range(12)]
        assert len(asked(mixed, channels)) == 2
        for channel in channels:
            channel.close()
    assert list(temporary.glob("hikari-*")) == []


def waiting(server: Server) -> str:
    """How the threads of a stage's OpenMP wait."""
    return psutil.Process(server.worker("DiseaseRunner")).environ()["OMP_WAIT_POLICY"]


def test_deaths_are_noticed_and_end_what_they_must(server: Server, tmp_path: Path) -> None:
    assert waiting(server) == "PASSIVE"
    with serving(tmp_path / "home", OMP_WAIT_POLICY="ACTIVE") as server:
        assert waiting(server) == "ACTIVE"
        worker = server.worker("DiseaseRunner")
        folder = Path(psutil.Process(worker).environ()["PROMETHEUS_MULTIPROC_DIR"]).parent
        assert folder.stat().st_mode & 0o777 == 0o700

        os.kill(worker, signal.SIGKILL)
        told = f"process {worker} of DiseaseRunner ended with exit code -9; a new one is started"
        assert eventually(lambda: told in server.log.read_text(), 1)
        assert eventually(lambda: another(server, "DiseaseRunner", worker), 1)
        for service in ("GroupRunner", "CaptionRunner", "ReferencesRunner"):
            os.kill(server.worker(service), signal.SIGKILL)
        assert eventually(lambda: server.log.read_text().count("ended with exit code -9") == 4, 2)
        wait_ready(server)
        assert server.log.read_text().count("ended with exit code") == 4

        for port, grpc_port, says in (
            (server.url[7:], "0", f"cannot listen on {server.url[7:]}: Address already in use"),
            ("127.0.0.1:0", server.grpc[10:], f"cannot listen for gRPC on {server.grpc}: Address"),
        ):
            second = subprocess.run(
                command("service:Hikari", int(port.rpartition(":")[2])),
                cwd=ROOT,
                env={
                    **os.environ,
                    "BENTOML_HOME": str(tmp_path / "second"),
                    "HIKARI_GRPC_PORT": grpc_port,
                },
                capture_output=True,
                text=True,
                timeout=60,
            )
            (said,) = [line for line in (second.stdout + second.stderr).splitlines() if line]
            assert second.returncode != 0
            assert said.startswith(f"hikari: {says}")

        everyone = family(server)
        server.process.kill()
        assert eventually(lambda: all(gone(process) for process in everyone))
        assert folder.is_dir()

        def cleared() -> bool:  # a killed process may take a moment to let go of its lock
            clear_leftovers()
            return not folder.exists()

        assert eventually(cleared, 5)
