"""What BentoML does not promise and this server uses is there, as it was in the release it knows."""

import asyncio
import inspect
import os
import signal
import socket
from importlib.metadata import entry_points

import bentoml
import click
import psutil
import pytest
import uvicorn
from _bentoml_impl.server import serving
from _bentoml_impl.server.app import ServiceAppFactory
from _bentoml_impl.worker import service as worker
from _bentoml_sdk.service.factory import Service
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.server.http import instruments, traffic
from bentoml._internal.utils import circus
from bentoml.serving import create_watcher
from bentoml_cli import cli
from circus.arbiter import Arbiter
from circus.controller import Controller
from circus.sockets import CircusSocket
from circus.watcher import Watcher

from hikari_serve.errors import ConfigError
from hikari_serve.serving import bento
from hikari_serve.serving.connection import GuardedProtocol
from hikari_serve.serving.ports import hold
from tests.served.server import free_port


def test_the_request_timer_is_taken_out_where_bentoml_puts_it_in() -> None:
    source = inspect.getsource(ServiceAppFactory)
    assert "TimeoutMiddleware" in source
    assert traffic.TimeoutMiddleware is bento._without_timer
    app = object()
    assert bento._without_timer(app, 1.0) is app


def test_the_addresses_of_runners_are_a_mapping_of_names() -> None:
    assert dict(BentoMLContainer.remote_runner_mapping.get()) == dict(bento.addresses()) == {}


def test_a_dependency_set_by_name_is_found() -> None:
    @bentoml.service(name="Needed")
    class Needed:
        pass

    @bentoml.service(name="Needing")
    @bento.beside([("needed", Needed)])
    class Needing:
        pass

    assert isinstance(Needing, Service)
    assert set(Needing.all_services()) == {"Needing", "Needed"}


def test_middleware_comes_in_by_a_public_method() -> None:
    assert {"middleware_cls", "options"} <= set(
        inspect.signature(Service.add_asgi_middleware).parameters
    )


def test_circus_is_made_where_bentoml_looks_for_its_maker() -> None:
    assert circus.create_standalone_arbiter is bento.supervisor
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
    assert "logger.error('Could not bind %s'" in inspect.getsource(CircusSocket)


def test_who_dies_while_another_is_started_is_told_of_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> int:
        watcher = create_watcher("service_SleepRunner", ["-c", "import time; time.sleep(60)"])
        socket = CircusSocket(serving.API_SERVER_NAME, port=0)
        bento.supervisor([watcher], sockets=[socket])
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
    monkeypatch.setattr(bento, "_entrance", None)
    bento.enter_by(bento.Entrance(guard))
    with CircusSocket(serving.API_SERVER_NAME, host, 0) as socket:
        bento.supervisor([create_watcher("service", [])], sockets=[socket])
    warning = f"anybody who can reach {host} may ask: set {guard}"
    assert caplog.messages == ([warning] if told else [])


def test_uvicorn_is_asked_for_the_protocol_that_is_guarded() -> None:
    assert "http=" not in inspect.getsource(worker.main.callback)
    assert uvicorn.Config(app=None).http == "auto"  # type: ignore[arg-type]
    config = uvicorn.Config(app=lambda: None)
    config.load()
    assert config.http_protocol_class is GuardedProtocol


def test_its_command_line_loads_others_before_it_makes_its_home() -> None:
    source = inspect.getsource(cli.create_bentoml_cli)
    assert 'get_entry_points("bentoml.commands")' in source
    (entry,) = entry_points(group="bentoml.commands", name="hikari")
    assert isinstance(entry.load(), click.Command)


def test_request_metrics_have_known_labels() -> None:
    assert instruments.RunnerTrafficMetricsMiddleware is bento.KnownRoutes
    source = inspect.getsource(bento.KnownRoutes.__bases__[0])
    assert 'endpoint = scope["path"]' in source
    assert source.count('scope["path"]') == 2


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
