"""The tables of Triton's surface and of errors in docs/protocol.md are what the doors do."""

import re
from collections.abc import Iterator
from pathlib import Path

from tritonclient.grpc import service_pb2

from hikari_serve.errors import HikariError
from hikari_serve.serving.oip.grpc import servicer
from hikari_serve.serving.oip.http import door
from hikari_serve.serving.oip.http.errors import oip_error

DOCUMENT = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text()
ROWS = re.findall(
    r"^\| (?:`(\w+)`)? ?\| (?:`(GET|POST) (\S+)`)? ?\| (done|unsupported) \|$",
    DOCUMENT,
    re.MULTILINE,
)


def test_every_method_of_triton_is_in_the_table() -> None:
    told = {method: how for method, _, _, how in ROWS if method}
    service = service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]
    assert told == {
        method.name: "unsupported" if method.name in servicer.UNSUPPORTED else "done"
        for method in service.methods
    }


def test_every_route_is_in_the_table() -> None:
    told = {(path, verb): how for _, verb, path, how in ROWS if path}
    routes = {
        (route.path, "GET" if "GET" in (route.methods or ()) else "POST"): route.path
        for route in door.oip_routes()
        if "/versions/" not in route.path and route.path != "/v2/{rest:path}"
    }
    assert {path for path, _ in told} == {path for path, _ in routes}
    for (path, verb), how in told.items():
        assert how == ("unsupported" if path in door.UNSUPPORTED else "done")
        if how == "done":
            assert (path, verb) in routes


def test_every_error_has_the_codes_of_the_table() -> None:
    made: dict[str, set[int]] = {"CANCELLED": set()}  # no error of ours: the client left
    for kind in _kinds(HikariError):
        made.setdefault(kind.grpc, set()).add(oip_error(kind("why")).status_code)
    told = re.findall(r"^\| `([A-Z_]+)` \| ([\d, ]*)\|", DOCUMENT, re.MULTILINE)
    assert {code: set(map(int, re.findall(r"\d+", statuses))) for code, statuses in told} == made


def _kinds(kind: type[HikariError]) -> Iterator[type[HikariError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)
