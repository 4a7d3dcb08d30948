"""The table of Triton's surface in docs/protocol.md is what the doors do."""

import re
from pathlib import Path

from tritonclient.grpc import service_pb2

from hikari_serve.serving.oip.grpc import servicer
from hikari_serve.serving.oip.http import door

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


def test_every_code_of_grpc_is_in_the_table_of_errors() -> None:
    from hikari_serve.errors import _BY_CODE

    for kind in _BY_CODE.values():
        assert kind.grpc == "FAILED_PRECONDITION" or f"| `{kind.grpc}` |" in DOCUMENT
