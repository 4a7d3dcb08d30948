"""A model called by its own name is seen and bounded as it is in its cascade."""

import asyncio
import threading
import time
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from hikari_serve.cascade.loads import LoadedCascade
from hikari_serve.errors import DeadlineExceeded, EngineFailed, UnsupportedImage
from hikari_serve.observability.audit import content_hmac, fields
from hikari_serve.observability.figures import Figures
from hikari_serve.observability.metrics import Metrics
from hikari_serve.observability.several import Several
from hikari_serve.observer import RequestEnd
from hikari_serve.pictures.view import content_hash
from hikari_serve.serving.ending import Pictures, telling
from hikari_serve.serving.oip.catalogue import Catalogue
from hikari_serve.serving.oip.messages import InferRequest
from hikari_serve.settings import available_cores
from tests.scripted import REPOSITORY, classified
from tests.serving.heard import Heard
from tests.serving.oip.asking import pictures
from tests.serving.oip.conftest import Plane

KEY = b"k" * 32


@pytest.fixture
def page(plane: Plane) -> CollectorRegistry:
    registry = CollectorRegistry()
    metrics = Metrics(Figures(registry))
    plane.bench.cascade.observer = Several(plane.statistics, Pictures(), metrics)
    return registry


def asked(plane: Plane, *images: bytes) -> InferRequest:
    return InferRequest(
        "demo_group", inputs=(pictures(*images or (plane.bench.image,), alone=True),)
    )


def heard(plane: Plane, request: InferRequest, late: float = 0.0) -> RequestEnd:
    """Asks as a door does, so many seconds after the first byte; how it ended."""
    observer = Heard()

    async def ask() -> None:
        with telling(observer, "oip_http", "r1", None) as its:
            its.taken_in -= late
            await plane.plane.infer(request)

    asyncio.run(ask())
    return observer.one()


@pytest.mark.usefixtures("page")
def test_the_audit_log_has_its_picture_and_what_it_found(plane: Plane) -> None:
    line = fields(heard(plane, asked(plane)), KEY)
    pictures = line["pictures"]
    assert isinstance(pictures, list)
    (picture,) = pictures
    assert picture["hmac"] == content_hmac(KEY, content_hash(plane.bench.image))
    assert picture["stages"]["group"]["label"] == "malignant"
    assert picture["stages"]["group"]["probability"] == 0.7


def test_metrics_count_it_as_the_stage_that_it_is(plane: Plane, page: CollectorRegistry) -> None:
    where = {"cascade": "demo", "stage": "group"}

    def counted(name: str, **labels: str) -> float | None:
        return page.get_sample_value(name, labels)

    heard(plane, asked(plane))
    assert counted("hikari_pictures_total", cascade="demo", format="PNG") == 1
    assert counted("hikari_decode_seconds_count", cascade="demo") == 1
    assert counted("hikari_stage_seconds_count", **where, part="compute") == 1
    assert counted("hikari_decisions_total", **where, decision="answered") == 1
    assert counted("hikari_stage_waiting", **where) == 0
    with pytest.raises(UnsupportedImage):
        heard(plane, asked(plane, b"no picture"))
    refused = counted("hikari_pictures_refused_total", cascade="demo", code="unsupported_image")
    assert refused == 1
    plane.bench.stages["group"].error = EngineFailed("no")
    with pytest.raises(EngineFailed):
        heard(plane, asked(plane))
    assert counted("hikari_stage_failures_total", **where, cause="engine_failed") == 1


def test_a_model_that_does_not_know_has_abstained(plane: Plane) -> None:
    plane.bench.stages["group"].output = classified(None, "malignant", "benign")
    assert heard(plane, asked(plane)).outcome == "abstained"


def test_the_stage_hears_what_its_model_must_be_made_of(plane: Plane) -> None:
    asyncio.run(plane.plane.infer(asked(plane)))
    item = plane.bench.stages["group"].items[-1]
    assert set(item.digests) == {"config", "labels"}
    assert item.digests == plane.bench.cascade.graph.node("group").digests


def test_the_deadline_counts_from_the_first_byte(plane: Plane) -> None:
    with pytest.raises(DeadlineExceeded):
        heard(plane, replace(asked(plane), parameters={"timeout": 2_000_000}), late=5.0)
    assert not plane.bench.stages["group"].items


def test_it_is_decoded_where_all_pictures_are(plane: Plane) -> None:
    free, threads = threading.Event(), plane.bench.cascade.decoder._threads._threads
    for _ in range(available_cores()):
        threads.submit(free.wait)
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded, match="before the picture was decoded"):
        heard(plane, replace(asked(plane), parameters={"timeout": 100_000}))
    assert time.monotonic() - began < 5
    free.set()


def test_another_cascade_has_no_decoder_of_its_own(plane: Plane) -> None:
    cascade = plane.bench.cascade
    other = LoadedCascade(replace(REPOSITORY.config("demo"), name="other"), cascade.graph)
    catalogue = Catalogue(cascade, plane.plane._readiness, plane.statistics, lambda answer: "")
    model = catalogue.models({"other": other})["other"]
    assert model._cascade.decoder is cascade.decoder  # type: ignore[attr-defined]
