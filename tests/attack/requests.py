"""Attacks by what a stranger can send."""

import base64
import json
import os
import socket
import threading
import time
from urllib.parse import urlsplit

import httpx

from tests.attack.trial import Tried
from tests.served.server import Server

SLOW = 300
PATHS = 2000
BRACKETS = 26_000_000
STALL_SECONDS = 1.0
"""How long another caller may have to wait meanwhile; on an idle machine it is a hundredth."""


def trials(server: Server) -> list[Tried]:
    """All of them, one after the other."""
    return [
        _host(server),
        _headers(server),
        _slow(server),
        _paths(server),
        _brackets(server),
        _echo(server),
        _log(server),
        _request_id(server),
    ]


def _host(server: Server) -> Tried:
    said = httpx.get(f"{server.url}/docs.json", headers={"host": "evil.example"})
    return Tried("a foreign name in `Host`", f"{said.status_code}", said.status_code == 421)


def _connect(server: Server) -> socket.socket:
    parts = urlsplit(server.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=40)


def _rest(connection: socket.socket) -> bytes:
    said = b""
    try:
        while chunk := connection.recv(65536):
            said += chunk
    except ConnectionResetError:
        pass
    return said


def _headers(server: Server) -> Tried:
    with _connect(server) as connection:
        sent = 0
        try:
            connection.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n")
            while sent < 1_500_000_000:
                connection.sendall(b"a: " + b"b" * 9000 + b"\r\n")
                sent += 9005
        except (BrokenPipeError, ConnectionResetError):
            pass
    held = sent < 20_000_000
    with _connect(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\na: " + b"b" * 65_000)
        status = _rest(connection)[9:12].decode()
    answer = f"{status}, and the connection closed"
    return Tried("headers without end", answer, held and status == "431")


def _slow(server: Server) -> Tried:
    opened = [_connect(server) for _ in range(SLOW)]
    for connection in opened:
        connection.sendall(b"GET / HTTP/1.1\r\n")
    began = time.monotonic()
    statuses = {_rest(connection)[9:12] for connection in opened}
    took = time.monotonic() - began
    for connection in opened:
        connection.close()
    answer = f"408 to all, all closed after {took:.0f} s"
    return Tried(f"{SLOW} connections that stop in their headers", answer, statuses == {b"408"})


def _paths(server: Server) -> Tried:
    def series() -> int:
        return len(httpx.get(f"{server.url}/metrics", timeout=30).text.splitlines())

    with httpx.Client(base_url=server.url) as client:
        client.get("/nowhere/before")
        before = series()
        for number in range(PATHS):
            client.get(f"/nowhere/{number}")
        after = series()
    answer = f"404; lines of `/metrics` before and after: {before}, {after}"
    return Tried(f"{PATHS} paths that lead nowhere", answer, after - before < 20)


def _brackets(server: Server) -> Tried:
    worst = 0.0
    over = threading.Event()

    def look() -> None:
        nonlocal worst
        while not over.is_set():
            began = time.monotonic()
            httpx.get(f"{server.url}/livez", timeout=30)
            worst = max(worst, time.monotonic() - began)

    looking = threading.Thread(target=look)
    looking.start()
    said = httpx.post(
        f"{server.url}/diagnose",
        content=b"[" * BRACKETS,
        headers={"content-type": "application/json"},
        timeout=60,
    )
    over.set()
    looking.join()
    answer = f"{said.status_code}, {len(said.content)} bytes; others waited {worst:.2f} s at most"
    held = said.status_code == 413 and len(said.content) < 1000 and worst < STALL_SECONDS
    return Tried("26 MB of brackets as JSON", answer, held)


def _echo(server: Server) -> Tried:
    body = {"image": base64.b64encode(os.urandom(9000)).decode(), "top_k": "x" * 50_000}
    sizes, statuses = set(), set()
    for path in ("/diagnose", "/api/diagnose"):
        said = httpx.post(f"{server.url}{path}", json=body, timeout=60)
        sizes.add(len(said.content))
        statuses.add(said.status_code)
    answer = f"{min(statuses)}, at most {max(sizes)} bytes"
    held = statuses == {400} and max(sizes) < 1000
    return Tried("a field of 50,000 characters where a number belongs", answer, held)


def _log(server: Server) -> Tried:
    httpx.get(f"{server.url}/%0a2026 [CRITICAL] forged%1b[31m")
    time.sleep(0.5)
    lines = [line for line in server.log.read_text().splitlines() if "forged" in line]
    messages = [json.loads(line)["message"] for line in lines]
    held = len(messages) == 1 and "\\n2026 [CRITICAL] forged\\x1b[31m" in messages[0]
    return Tried("a line break in a path, to forge a line of the log", "escaped", held)


def _request_id(server: Server) -> Tried:
    said = httpx.get(server.url, headers={"x-request-id": "x" * 129}).headers["x-request-id"]
    return Tried("a request id of 129 characters", "another id", len(said) == 32)
