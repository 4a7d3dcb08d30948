"""What BentoML does not promise and this server uses is there, as it was in the release it knows."""

import inspect

import bentoml
from _bentoml_impl.server.app import ServiceAppFactory
from _bentoml_sdk.service.factory import Service
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.server.http import traffic

from hikari_serve.serving import bento


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
