"""The server's own processes: what they listen on, how they die, and who notices."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from hikari_serve.serving.run_folder import clear_leftovers
from tests.served.server import ROOT, Server, command, serving, wait_ready


def family(server: Server) -> list[psutil.Process]:
    parent = psutil.Process(server.process.pid)
    return [parent, *parent.children(recursive=True)]


def listening(server: Server) -> set[tuple[str, int]]:
    """Where the server's processes take connections over TCP or UDP."""
    return {
        (each.laddr.ip, each.laddr.port)
        for process in family(server)
        for each in process.net_connections("inet")
        if each.status in (psutil.CONN_LISTEN, psutil.CONN_NONE)
    }


def own(server: Server) -> set[tuple[str, int]]:
    parts = urlsplit(server.url)
    assert parts.hostname is not None
    assert parts.port is not None
    return {(parts.hostname, parts.port)}


def eventually(true: Callable[[], bool], seconds: float = 30) -> bool:
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.05)
    return true()


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
        for each in (server, runner, mixed):
            assert listening(each) == own(each)
    assert list(temporary.glob("hikari-*")) == []


def test_deaths_are_noticed_and_end_what_they_must(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as server:
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

        second = subprocess.run(
            command("service:Hikari", int(server.url.rpartition(":")[2])),
            cwd=ROOT,
            env={**os.environ, "BENTOML_HOME": str(tmp_path / "second")},
            capture_output=True,
            text=True,
            timeout=60,
        )
        said = [line for line in (second.stdout + second.stderr).splitlines() if line]
        assert second.returncode != 0
        assert said == [f"hikari: cannot listen on {server.url[7:]}: Address already in use"]

        everyone = family(server)
        server.process.kill()
        assert eventually(lambda: all(gone(process) for process in everyone))
        assert folder.is_dir()

        def cleared() -> bool:  # a killed process may take a moment to let go of its lock
            clear_leftovers()
            return not folder.exists()

        assert eventually(cleared, 5)
