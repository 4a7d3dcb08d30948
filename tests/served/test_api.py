"""`/diagnose` and `/api/diagnose` side by side: no route takes the other's, and none fetches a URL."""

import base64
import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from hikari_serve.drawing.cases import Drawing
from tests.served.pictures import png
from tests.served.server import Server

CLIENT = """
import json, sys, bentoml
with bentoml.SyncHTTPClient(sys.argv[1], timeout=60) as client:
    print(json.dumps(client.diagnose(image=sys.stdin.read(), until="group")))
"""


@pytest.fixture
def bait() -> Iterator[tuple[str, list[str]]]:
    """A server that notes who fetches from it."""
    fetched: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fetched.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/lesion.png", fetched
        running.shutdown()
        thread.join()


def post(server: Server, path: str, **request: Any) -> httpx.Response:
    return httpx.post(f"{server.url}{path}", timeout=60, **request)


def test_three_bodies_and_bentomls_client_give_one_answer(
    server: Server, drawings: list[Drawing]
) -> None:
    image = png(drawings[0].image)
    text = base64.b64encode(image).decode()
    whole = [
        post(server, "/diagnose", files={"image": image}, data={"until": "group"}),
        post(server, "/diagnose", json={"image": text, "until": "group"}),
        post(server, "/diagnose?until=group", content=image, headers={"content-type": "image/png"}),
        post(server, "/api/diagnose", json={"image": text, "until": "group"}),
    ]
    assert [answer.status_code for answer in whole] == [200] * 4
    # in a process of its own: the client leaves a folder behind that only its end removes
    client = subprocess.run(
        [sys.executable, "-c", CLIENT, server.url],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    asked = [*(answer.json() for answer in whole), json.loads(client.stdout)]
    assert len({str(answer["group"]) for answer in asked}) == 1
    assert asked[0]["group"]["label"] == drawings[0].group


def test_a_url_is_no_picture_and_is_never_fetched(
    server: Server, bait: tuple[str, list[str]]
) -> None:
    url, fetched = bait
    for path in ("/diagnose", "/api/diagnose"):
        assert post(server, path, json={"image": url}).status_code == 400
        assert post(server, path, data={"image": url}).status_code in (400, 415)
        multipart = {"image": (None, url)}
        assert post(server, path, files=multipart).status_code in (400, 415)
    assert fetched == []


def test_bentomls_api_refuses_what_it_cannot_read(server: Server, drawings: list[Drawing]) -> None:
    image = png(drawings[0].image)
    refused = post(server, "/api/diagnose", files={"image": image})
    assert refused.status_code == 415
    assert "/api/diagnose reads application/json with the picture in base64" in refused.text
    text = base64.b64encode(b"no picture").decode()
    broken = post(server, "/api/diagnose", json={"image": text})
    assert broken.status_code == 415
    assert "this is no picture" in broken.text  # BentoML wraps its errors in a list
    wrong = post(server, "/api/diagnose", json={"image": text, "top_k": 0})
    assert wrong.status_code == 400
    for unknown in ({"topk": 3}, {"format": "html"}):
        refused = post(server, "/api/diagnose", json={"image": text, **unknown})
        assert refused.status_code == 400
        assert "there are image, until" in refused.json()["error"]


def test_an_empty_option_of_bentomls_api_is_none(server: Server, drawings: list[Drawing]) -> None:
    text = base64.b64encode(png(drawings[0].image)).decode()
    for empty in ("", None):
        options = {"description": empty, "top_k": empty, "until": "group"}
        answer = post(server, "/api/diagnose", json={"image": text, **options})
        assert answer.status_code == 200, answer.text


def test_the_schema_says_what_the_api_takes(server: Server) -> None:
    routes = httpx.get(f"{server.url}/schema.json").json()["routes"]
    (route,) = routes
    assert route["route"] == "/api/diagnose"
    assert set(route["input"]["required"]) == {"image"}
    assert "disease" in route["output"]["properties"]


@pytest.mark.parametrize(
    "path", ["/nowhere", "/static_content/index.html", "/diagnose/more", "/v1"]
)
def test_a_path_that_no_door_has_is_told_in_json(server: Server, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = httpx.request(method, server.url + path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert f"there is no {method} {path} here" in answer.json()["error"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/diagnose", "POST"),
        ("PUT", "/diagnose", "POST"),
        ("OPTIONS", "/diagnose", "POST"),
        ("GET", "/diagnose/stream", "POST"),
        ("GET", "/api/diagnose", "POST"),
        ("POST", "/", "GET, HEAD"),
        ("POST", "/docs.json", "GET, HEAD"),
        ("POST", "/metrics", "GET, HEAD"),
        ("DELETE", "/v2", "GET, HEAD"),
    ],
)
def test_another_method_is_told_which_the_path_takes(
    server: Server, method: str, path: str, allowed: str
) -> None:
    answer = httpx.request(method, server.url + path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json()["code"] == "method_not_allowed"
    assert f"this path takes {allowed}" in answer.json()["error"]
