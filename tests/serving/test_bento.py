"""What BentoML does not promise and this server uses is there, as it was in the release it knows."""

import inspect
import subprocess
import sys
from importlib.metadata import entry_points

import bentoml
import click
import uvicorn
from _bentoml_impl.server.app import ServiceAppFactory
from _bentoml_impl.worker import service as worker
from _bentoml_sdk.service.factory import Service
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.server.http import instruments, traffic
from bentoml_cli import cli

from hikari_serve.serving import bento
from hikari_serve.serving.connection import GuardedProtocol


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


ASKS_FOR_TRACES = """
import bentoml
from bentoml._internal.configuration.containers import BentoMLContainer
from hikari_serve.serving.bento import SERVICE

@bentoml.service(name="Quiet", **SERVICE)
class Quiet:
    pass

Quiet.inject_config()
excluded = BentoMLContainer.tracing_excluded_urls.get()
print(all(excluded.url_disabled("http://127.0.0.1:3000" + path) for path in ("/", "/infer")))
"""


def test_its_own_traces_are_not_made() -> None:
    assert "excluded_urls=BentoMLContainer.tracing_excluded_urls.get()" in inspect.getsource(
        ServiceAppFactory
    )
    # Once a process, so that no other test's configuration counts.
    asked = subprocess.run(
        [sys.executable, "-c", ASKS_FOR_TRACES], capture_output=True, text=True, check=True
    )
    assert asked.stdout == "True\n"


def test_middleware_comes_in_by_a_public_method() -> None:
    assert {"middleware_cls", "options"} <= set(
        inspect.signature(Service.add_asgi_middleware).parameters
    )


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
