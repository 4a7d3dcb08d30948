"""The image's health check asks where the settings say that probes are answered."""

import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.certificates import self_signed
from tests.served.server import ROOT, free_port


class Livez(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/livez" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def answering(context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server that is alive; its port."""
    with HTTPServer(("127.0.0.1", 0), Livez) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def check(port: int, **settings: str) -> tuple[int, str]:
    """The exit code of the health check, and what it said."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HIKARI_")}
    proxies = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-m", "hikari_serve.cli.alive", str(port)],
        cwd=ROOT,
        env={**kept, **proxies, **settings},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stderr.strip()


@pytest.mark.parametrize("settings", [{}, {"HIKARI_METRICS_PORT": "0"}])
def test_it_is_the_service_s_port_that_is_asked(settings: dict[str, str]) -> None:
    with answering() as port:
        assert check(port, **settings) == (0, "")
    code, said = check(port, **settings)
    assert (code, "Connection refused" in said) == (1, True)


def test_it_is_the_port_of_the_probes_where_there_is_one(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path / "tls")
    tls = {"HIKARI_TLS_CERT": certificate.cert, "HIKARI_TLS_KEY": certificate.key}
    with answering() as probes:
        assert check(free_port(), HIKARI_METRICS_PORT=str(probes), **tls) == (0, "")


def test_tls_is_spoken_where_the_service_speaks_it_alone(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path / "tls")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    tls = {"HIKARI_TLS_CERT": certificate.cert, "HIKARI_TLS_KEY": certificate.key}
    with answering(context) as port:
        assert check(port, **tls) == (0, "")


def test_a_wrong_setting_is_said() -> None:
    code, said = check(free_port(), HIKARI_METRICS_PORT="none")
    assert (code, said.count("\n")) == (1, 0)
    assert said.startswith("HIKARI_METRICS_PORT")
