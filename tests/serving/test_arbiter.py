"""What circus does not promise and its supervisor is changed in is there, as it was."""

import asyncio
import inspect
import os
import signal
import socket

import psutil
import pytest
from _bentoml_impl.server import serving
from bentoml._internal.utils import circus
from bentoml.serving import create_watcher
from circus.arbiter import Arbiter
from circus.controller import Controller
from circus.sockets import CircusSocket
from circus.watcher import Watcher

from hikari_serve.errors import ConfigError
from hikari_serve.observability.counts import PLACE
from hikari_serve.serving import arbiter
from hikari_serve.serving.ports import hold
from tests.served.server import free_port


def test_circus_is_made_where_bentoml_looks_for_its_maker() -> None:
    assert circus.create_standalone_arbiter is arbiter.supervisor
    assert "import create_standalone_arbiter" in inspect.getsource(serving.serve_http)
    assert 'tempfile.mkdtemp(prefix="bentoml-uds-")' in inspect.getsource(serving.serve_http)
    assert inspect.getsource(serving).count("tempfile.") == 1


def test_circus_has_what_its_supervisor_is_changed_in() -> None:
    needed = {"endpoint", "pubsub_endpoint", "check_delay", "sockets"}
    assert needed <= set(inspect.signature(Arbiter.__init__).parameters)
    assert "self.exit_stack.__exit__" in inspect.getsource(circus.Arbiter.stop)
    assert "_stop_watchers(" in inspect.getsource(Arbiter.stop)
    assert "SysHandler(self)" in inspect.getsource(Controller)
    assert "self.arbiter.manage_watchers" in inspect.getsource(Controller)
    assert "_exclusive_running_command" in inspect.getsource(Arbiter)
    assert 'call_hook("after_reap", process_status=' in inspect.getsource(Watcher)
    assert "call_hook('before_spawn')" in inspect.getsource(Watcher.spawn_process)
    assert "recovery_wid or self._nextwid" in inspect.getsource(Watcher.spawn_process)
    assert "logger.error('Could not bind %s'" in inspect.getsource(CircusSocket)


def test_who_dies_while_another_is_started_is_told_of_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> int:
        watcher = create_watcher("service_SleepRunner", ["-c", "import time; time.sleep(60)"])
        socket = CircusSocket(serving.API_SERVER_NAME, port=0)
        arbiter.supervisor([watcher], sockets=[socket])
        socket.close()
        watcher.initialize(None, {}, None)
        watcher._status = "active"
        watcher.spawn_process()
        (first,) = watcher.processes
        os.kill(first, signal.SIGKILL)
        while psutil.Process(first).status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(0.01)
        await watcher.manage_processes()
        (second,) = watcher.processes
        watcher.processes[second].stop()
        return int(first)

    first = asyncio.run(main())
    told = f"process {first} of SleepRunner ended with exit code -9; a new one is started"
    assert told in caplog.messages


@pytest.mark.parametrize(
    ("host", "guard", "told"),
    [
        ("0.0.0.0", "HIKARI_STAGE_TOKEN", True),
        ("127.0.0.1", "HIKARI_STAGE_TOKEN", False),
        ("0.0.0.0", "", False),
    ],
)
def test_who_lets_strangers_in_says_so(
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    guard: str,
    told: bool,
) -> None:
    monkeypatch.setattr(arbiter, "_entrance", None)
    arbiter.enter_by(arbiter.Entrance(guard))
    with CircusSocket(serving.API_SERVER_NAME, host, 0) as socket:
        arbiter.supervisor([create_watcher("service", [])], sockets=[socket])
    warning = f"anybody who can reach {host} may ask: set {guard}"
    assert caplog.messages == ([warning] if told else [])


def test_a_port_is_taken_for_all_workers_and_nobody_else() -> None:
    held = hold("127.0.0.1", port := free_port())
    try:
        for host in ("127.0.0.1", "0.0.0.0"):
            with pytest.raises(ConfigError, match=f"gRPC on {host}:{port}: Address already in use"):
                hold(host, port)
        for _ in range(2):
            with socket.socket() as each:
                each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                each.bind(("127.0.0.1", port))
                each.listen()
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
    finally:
        for each in held:
            each.close()
    for each in hold("127.0.0.1", port):
        each.close()


def test_who_is_started_in_place_of_a_dead_one_has_its_place() -> None:
    watcher = create_watcher("service_SleepRunner", ["-c", "import time; time.sleep(60)"])
    watcher.numprocesses = 2
    with CircusSocket(serving.API_SERVER_NAME, port=0) as socket:
        arbiter.supervisor([watcher], sockets=[socket])
    watcher.initialize(None, {}, None)
    watcher._status = "active"
    try:
        for _ in range(2):
            watcher.spawn_process()
        first, second = watcher.processes
        os.kill(first, signal.SIGKILL)
        watcher.reap_process(first)
        watcher.spawn_process()
        _, third = watcher.processes
        assert place(second) == "service-SleepRunner-2"
        assert place(third) == "service-SleepRunner-1"
    finally:
        for process in watcher.processes.values():
            process.stop()


@pytest.mark.parametrize(
    ("services", "workers", "anew"), [(1, 1, False), (1, 2, True), (2, 1, True)]
)
def test_who_dies_in_a_container_is_started_anew_where_others_go_on(
    services: int, workers: int, anew: bool
) -> None:
    assert "respawn=not running_inside_container()" in inspect.getsource(create_watcher)
    watchers = [create_watcher(f"{at}", [], numprocesses=workers) for at in range(services)]
    for watcher in watchers:
        watcher.respawn = False
    with CircusSocket(serving.API_SERVER_NAME, port=0) as socket:
        arbiter.supervisor(watchers, sockets=[socket])
    assert [watcher.respawn for watcher in watchers] == [anew] * services


def place(process: int) -> str:
    """The place that a process was given."""
    return psutil.Process(process).environ()[PLACE]
