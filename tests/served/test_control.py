"""Triton's own clients load and unload models while the served demo is asked."""

import json
import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import tritonclient.grpc as over_grpc
import tritonclient.http as over_http
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException

from hikari_serve.drawing.cases import Drawing
from tests.crowd import crowd
from tests.eventually import eventually
from tests.served.pictures import png
from tests.served.server import ROOT, Server, serving
from tests.served.test_another_field import grow
from tests.serving.control.machine import flip, other_cascade

ADMIN, INFER = "a" * 20, "i" * 20
DOORS: dict[str, Any] = {"http": over_http, "grpc": over_grpc}
GROUP = "demo_group"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo, with a second version of the group model aside, and two other cascades."""
    root = tmp_path_factory.mktemp("repository") / "models"
    shutil.copytree(ROOT / "models", root)
    shutil.copytree(root / GROUP / "1", root / "aside")
    grow(root)
    other_cascade(root)
    return root


@pytest.fixture(scope="module")
def server(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two processes of the API, which run the other stages too, and two of the group stage."""
    home = tmp_path_factory.mktemp("control")
    (home / "keys").write_text(f"admin {ADMIN}\ninfer {INFER}\n")
    with serving(
        home,
        HIKARI_MODELS=str(models),
        HIKARI_MODEL_CONTROL="explicit",
        HIKARI_LOAD="leaf,demo_group/1",
        HIKARI_KEYS=str(home / "keys"),
        HIKARI_PLACEMENT="inline",
        HIKARI_GROUP_RUNNER="process",
        HIKARI_GROUP_WORKERS="2",
        HIKARI_WORKERS="2",
    ) as running:
        yield running


class Admin:
    """Triton's client of one door, with a key."""

    def __init__(self, door: str, server: Server, key: str = ADMIN) -> None:
        self.module = DOORS[door]
        address = server.grpc if door == "grpc" else server.url.removeprefix("http://")
        slow = {"network_timeout": 300} if door == "http" else {}
        self.client = self.module.InferenceServerClient(address, **slow)
        self.headers = {"authorization": f"Bearer {key}"}

    def load(self, model: str, **options: Any) -> None:
        self.client.load_model(model, headers=self.headers, **options)

    def unload(self, model: str, **options: Any) -> None:
        self.client.unload_model(model, headers=self.headers, **options)

    def index(self, model: str) -> dict[str, tuple[str, str]]:
        """For each version of a model its state and reason."""
        found = self.client.get_model_repository_index(headers=self.headers)
        rows = found if isinstance(found, list) else [_row(each) for each in found.models]
        return {
            each.get("version", ""): (each["state"], each.get("reason", ""))
            for each in rows
            if each["name"] == model
        }

    def ready(self) -> list[str]:
        """The models that answer, as the index filters them."""
        if self.module is over_http:
            return [row["name"] for row in self._ready_rows()]
        asked = service_pb2.RepositoryIndexRequest(ready=True)
        metadata = tuple(self.headers.items())
        found = self.client._client_stub.RepositoryIndex(asked, metadata=metadata)
        return [each.name for each in found.models]

    def _ready_rows(self) -> list[dict[str, str]]:
        said = self.client._post("v2/repository/index", '{"ready": true}', self.headers, None)
        rows: list[dict[str, str]] = json.loads(said.read())
        return rows

    def version(self, image: bytes) -> str:
        """The version of the group model that answers."""
        given = self.module.InferInput("image", [1, 1], "BYTES")
        given.set_data_from_numpy(np.array([[image]], dtype=object))
        answer = self.client.infer(GROUP, [given], headers=self.headers)
        response = answer.get_response()
        return str(
            response["model_version"] if isinstance(response, dict) else response.model_version
        )


def _row(message: Any) -> dict[str, str]:
    return {name: getattr(message, name) for name in ("name", "version", "state", "reason")}


@contextmanager
def traffic(server: Server, drawing: Drawing) -> Iterator[Counter[tuple[int, str]]]:
    """Asks `/diagnose` for one picture again and again, and counts statuses and groups."""
    seen: Counter[tuple[int, str]] = Counter()
    image = png(drawing.image)
    with httpx.Client(headers={"authorization": f"Bearer {INFER}"}, timeout=60) as client:

        def ask() -> None:
            form = {"references": "0", "until": "group", "timeout_ms": "60000"}
            said = client.post(f"{server.url}/diagnose", files={"image": image}, data=form)
            group = said.json().get("group") or {}
            seen[said.status_code, str(group.get("label"))] += 1

        with crowd(ask, 3):
            yield seen


@pytest.fixture(autouse=True)
def first_version(models: Path, server: Server) -> Iterator[None]:
    """Ends each test with the group model as it was at first."""
    yield
    shutil.rmtree(models / GROUP / "2", ignore_errors=True)
    shutil.rmtree(models / GROUP / "3", ignore_errors=True)
    Admin("grpc", server).load(GROUP)


@pytest.mark.parametrize("door", DOORS)
def test_a_version_comes_in_all_workers_without_a_request_lost(
    server: Server, models: Path, drawings: list[Drawing], door: str
) -> None:
    admin, image = Admin(door, server), png(drawings[0].image)
    shutil.copytree(models / "aside", models / GROUP / "2")
    assert admin.version(image) == "1"
    with traffic(server, drawings[0]) as seen:
        admin.load(GROUP)
        versions = {Admin(each, server).version(image) for each in [*DOORS] * 4}
    assert versions == {"2"}  # whichever process is asked, as soon as the load has returned
    assert set(seen) == {(200, drawings[0].group)}
    assert admin.index(GROUP) == {"1": ("UNAVAILABLE", "unloaded"), "2": ("READY", "")}
    assert admin.client.get_model_metadata(GROUP, headers=admin.headers)
    log = server.log.read_text()
    assert eventually(lambda: "model demo_group: loaded" in log, 1)


@pytest.mark.parametrize("door", DOORS)
def test_a_broken_version_leaves_the_old_one_answering(
    server: Server, models: Path, drawings: list[Drawing], door: str
) -> None:
    admin, image = Admin(door, server), png(drawings[0].image)
    shutil.copytree(models / "aside", models / GROUP / "3")
    flip(models / GROUP / "3" / "model.safetensors")
    with traffic(server, drawings[0]) as seen:
        with pytest.raises(InferenceServerException) as caught:
            admin.load(GROUP)
        assert admin.version(image) == "1"
    assert "model 'demo_group' goes on as it was: version 3: " in caught.value.message()
    assert "(stage group)" in caught.value.message()
    assert set(seen) == {(200, drawings[0].group)}
    for each in DOORS:  # whichever process is asked
        rows = Admin(each, server).index(GROUP)
        assert rows["1"] == ("READY", "")
        assert rows["3"][0] == "UNAVAILABLE"
        assert "cannot be loaded" in rows["3"][1]


@pytest.mark.parametrize("door", DOORS)
def test_an_unloaded_model_is_known_as_that_and_comes_back(
    server: Server, drawings: list[Drawing], door: str
) -> None:
    admin, image = Admin(door, server), png(drawings[0].image)
    admin.unload("demo_caption")
    try:
        assert set(admin.index("demo_caption").values()) == {("UNAVAILABLE", "unloaded")}
        assert "demo_caption" not in admin.ready()
        assert not admin.client.is_model_ready("demo_caption", headers=admin.headers)
        with pytest.raises(InferenceServerException, match="model 'demo_caption' is unloaded"):
            admin.client.get_model_metadata("demo_caption", headers=admin.headers)
        told = httpx.post(
            f"{server.url}/diagnose",
            files={"image": image},
            headers={"authorization": f"Bearer {INFER}"},
            timeout=60,
        ).json()
        assert told["status"] == "partial"
        assert told["group"]["label"] == drawings[0].group
        (caption,) = (each for each in told["stages"] if each["name"] == "caption")
        assert caption["error"]["code"] == "unavailable"
        assert "unloaded" in caption["error"]["message"]
        ready = httpx.get(f"{server.url}/readyz", timeout=5)
        assert (ready.status_code, list(ready.json()["down"])) == (200, ["caption"])
    finally:
        admin.load("demo_caption")
    assert "demo_caption" in admin.ready()


def asked(admin: Admin, cascade: str, image: bytes, output: str) -> str:
    """What a cascade says of a picture."""
    given = admin.module.InferInput("image", [1], "BYTES")
    given.set_data_from_numpy(np.array([image], dtype=object))
    answer = admin.client.infer(cascade, [given], headers=admin.headers)
    return str(answer.as_numpy(output)[0].decode())


@pytest.mark.parametrize("door", DOORS)
def test_a_cascade_of_the_start_answers_beside_the_default(
    server: Server, drawings: list[Drawing], door: str
) -> None:
    admin, image = Admin(door, server), png(drawings[0].image)
    assert asked(admin, "leaf", image, "organ.name") in {"leaf", "fruit", "stem"}
    assert asked(admin, "demo", image, "group.label") == drawings[0].group
    assert admin.index("leaf")["1"] == ("READY", "")
    assert admin.index("leaf_damage")["1"] == ("READY", "")


@pytest.mark.parametrize("door", DOORS)
def test_a_cascade_comes_and_goes_with_its_models(
    server: Server, drawings: list[Drawing], door: str
) -> None:
    admin, image = Admin(door, server), png(drawings[0].image)
    with pytest.raises(InferenceServerException, match="model 'other' is not loaded here"):
        asked(admin, "other", image, "group.label")
    with traffic(server, drawings[0]) as seen:
        admin.load("other")
        for each in [*DOORS] * 4:  # whichever process is asked
            fresh = Admin(each, server)
            assert asked(fresh, "other", image, "group.label") == drawings[0].group
        assert {"other", "other_group"} <= set(admin.ready())
        admin.unload("other")
    assert set(seen) == {(200, drawings[0].group)}
    assert not {"other", "other_group"} & set(admin.ready())
    assert admin.index(GROUP)["1"] == ("READY", "")


def test_an_unloaded_model_takes_no_other_of_its_stage_with_it(
    server: Server, drawings: list[Drawing]
) -> None:
    admin, image = Admin("grpc", server), png(drawings[0].image)
    admin.load("other")
    admin.unload(GROUP)
    time.sleep(1.5)  # every process has asked the stage anew what it hosts
    for each in [*DOORS] * 4:  # whichever process is asked
        fresh = Admin(each, server)
        assert asked(fresh, "other", image, "group.label") == drawings[0].group
    admin.unload("other")
    admin.load(GROUP)
    assert {Admin(each, server).version(image) for each in [*DOORS] * 4} == {"1"}


@pytest.mark.parametrize("door", DOORS)
def test_what_a_load_may_not(server: Server, door: str) -> None:
    admin = Admin(door, server)
    for key, why in ((INFER, "needs a key with the right `admin`"), ("s" * 20, "a key is needed")):
        stranger = Admin(door, server, key)
        for call in (stranger.load, stranger.unload):
            with pytest.raises(InferenceServerException, match=why):
                call(GROUP)
    with pytest.raises(InferenceServerException, match="parameter 'config' overrides"):
        admin.load(GROUP, config="{}")
    if door == "grpc":  # tritonclient's HTTP client cannot write files as JSON
        with pytest.raises(InferenceServerException, match="parameter 'file:1/x' overrides"):
            admin.load(GROUP, files={"file:1/x": b"x"})
    with pytest.raises(InferenceServerException, match="a model is unloaded alone"):
        admin.unload(GROUP, unload_dependents=True)
    with pytest.raises(InferenceServerException, match="did you mean 'demo_group'"):
        admin.load("demo_gruop")
    assert admin.index(GROUP)["1"] == ("READY", "")


def test_a_worker_that_dies_comes_back_with_what_is_served_now(
    server: Server, models: Path, drawings: list[Drawing]
) -> None:
    admin, image = Admin("grpc", server), png(drawings[0].image)
    shutil.copytree(models / "aside", models / GROUP / "2")
    admin.load(GROUP)
    shutil.copytree(models / "aside", models / GROUP / "3")  # what its policy would choose now
    os.kill(server.worker("GroupRunner"), signal.SIGKILL)
    until = time.monotonic() + 60
    began = server.log.read_text().count("demo_group version 2 is READY")
    while server.log.read_text().count("demo_group version 2 is READY") == began:
        assert time.monotonic() < until
        assert admin.version(image) == "2"
        time.sleep(0.2)
    assert {admin.version(image) for _ in range(8)} == {"2"}
