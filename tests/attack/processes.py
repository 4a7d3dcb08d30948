"""Attacks on the server's processes, from its own machine."""

import concurrent.futures
import os
import signal
import time

import httpx
import psutil

from hikari_serve.drawing.cases import draw_cases
from tests.attack.trial import Tried
from tests.served.pictures import png
from tests.served.server import Server, wait_ready

IN_FLIGHT = 14
NOTICE_SECONDS = 1.0
RESTART_SECONDS = 2.0
"""Until a dead process has a successor, which then loads its weights."""


def trials(server: Server) -> list[Tried]:
    """All of them; the last one ends the server."""
    return [_ports(server), _kill_runner(server), _kill_parent(server)]


def _ports(server: Server) -> Tried:
    parent = psutil.Process(server.process.pid)
    ports = {
        each.laddr.port
        for process in (parent, *parent.children(recursive=True))
        for each in process.net_connections("inet")
        if each.status == psutil.CONN_LISTEN
    }
    own = {int(each.rpartition(":")[2]) for each in (server.url, server.grpc) if each}
    others = ", ".join(map(str, ports - own)) or "there is none"
    return Tried("a port besides the service's own, over HTTP and gRPC", others, ports == own)


def _kill_runner(server: Server) -> Tried:
    wait_ready(server)
    images = [png(drawing.image) for drawing in draw_cases(IN_FLIGHT, 30_000)]

    def ask(image: bytes) -> str:
        form = {"timeout_ms": "120000"}
        url = f"{server.url}/diagnose"
        said = httpx.post(url, files={"image": image}, data=form, timeout=130)
        return str(said.json().get("status", said.status_code))

    with concurrent.futures.ThreadPoolExecutor(IN_FLIGHT) as pool:
        asked = [pool.submit(ask, image) for image in images]
        time.sleep(0.5)
        worker = server.worker("DiseaseRunner")
        began = time.monotonic()
        os.kill(worker, signal.SIGKILL)
        while f"process {worker} of DiseaseRunner ended" not in server.log.read_text():
            time.sleep(0.01)
        noticed = time.monotonic() - began
        while _is_missing(server, "DiseaseRunner"):
            time.sleep(0.01)
        again = time.monotonic() - began
        ends = [each.result() for each in asked]
    whole = sum(end not in ("partial",) and not end.isdigit() for end in ends)
    answer = (
        f"noticed after {noticed:.1f} s, another started after {again:.1f} s; {whole} of "
        f"{IN_FLIGHT} requests in flight were answered whole"
    )
    held = whole == IN_FLIGHT and noticed < NOTICE_SECONDS and again < RESTART_SECONDS
    return Tried("SIGKILL to the runner of a stage", answer, held)


def _is_missing(server: Server, service: str) -> bool:
    try:
        server.worker(service)
    except LookupError:
        return True
    return False


def _kill_parent(server: Server) -> Tried:
    parent = psutil.Process(server.process.pid)
    children = parent.children(recursive=True)
    parent.kill()
    began = time.monotonic()
    while not all(_gone(child) for child in children) and time.monotonic() - began < 20:
        time.sleep(0.02)
    left = sum(not _gone(child) for child in children)
    answer = f"{left} of {len(children)} others left after {time.monotonic() - began:.1f} s"
    return Tried("SIGKILL to the supervisor", answer, left == 0)


def _gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
