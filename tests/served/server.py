"""Starts the product as a user does, `bentoml serve`, on a free port with a home of its own."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).parents[2]
START_SECONDS = 120.0


@dataclass
class Server:
    """A running `bentoml serve`; `grpc` is the address of its gRPC, if it has one."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    grpc: str = ""
    trust: ssl.SSLContext | bool = True

    def worker(self, service: str) -> int:
        """The process id of the worker of one service."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # a zombie is none either
                arguments = child.cmdline()
                if "--service-name" in arguments and service in arguments:
                    return child.pid
        raise LookupError(f"no worker of {service} below {self.process.pid}")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(service: str, port: int) -> list[str]:
    """What a user types to serve a service."""
    port_and_host = ["--host", "127.0.0.1", "--port", str(port)]
    return [sys.executable, "-m", "bentoml", "serve", service, *port_and_host]


@contextmanager
def serving(
    home: Path,
    service: str = "service:Hikari",
    *,
    folder: Path = ROOT,
    seconds: float = START_SECONDS,
    port: int = 0,
    path: str = "/readyz",
    **settings: str,
) -> Iterator[Server]:
    """Serves until the block ends.

    Args:
        home: BentoML's own folder, which two servers must not share.
        service: What to serve.
        folder: Where to start it.
        seconds: How long it may take to become ready.
        port: Where it listens; 0 takes a free one.
        path: What answers 200 when it is ready.
        settings: Environment variables.
    """
    port, grpc_port = port or free_port(), free_port()
    home.mkdir(parents=True, exist_ok=True)
    log = home / "serve.log"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HIKARI_")},
        "BENTOML_HOME": str(home),
        "BENTOML_DO_NOT_TRACK": "true",
        "HIKARI_GRPC_PORT": str(grpc_port),
        **settings,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(service, port),
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    grpc = f"127.0.0.1:{grpc_port}"
    if cert := settings.get("HIKARI_TLS_CERT"):
        trust = ssl.create_default_context(cafile=cert)
        server = Server(f"https://127.0.0.1:{port}", process, log, grpc, trust)
    else:
        server = Server(f"http://127.0.0.1:{port}", process, log, grpc)
    try:
        wait_ready(server, seconds, path)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_ready(server: Server, seconds: float = START_SECONDS, path: str = "/readyz") -> None:
    """Waits until `path` answers 200; fails with the server's log."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and server.process.poll() is None:
        try:
            answer = httpx.get(f"{server.url}{path}", timeout=5, verify=server.trust)
            if answer.status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise TimeoutError(f"not ready after {seconds} s:\n{server.log.read_text()[-4000:]}")
