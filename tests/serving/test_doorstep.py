"""Every response has its id and its headers, every log line is one line, every Host is ours."""

import logging
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from hikari_serve.errors import ConfigError
from hikari_serve.serving.doorstep import LOOPBACK, PROBES, SAFE_HEADERS, Doorstep
from hikari_serve.serving.keys import Keys
from hikari_serve.serving.request_id import tell_in_log


async def hello(request: Request) -> Response:
    logging.getLogger("hikari_serve").warning("about\nthis")
    return Response("hello", headers={"content-security-policy": "own"})


def client(**options: object) -> TestClient:
    app = Starlette(routes=[Route(path, hello) for path in ("/hello", *PROBES)])
    return TestClient(Doorstep(app, **options), base_url="http://localhost")  # type: ignore[arg-type]


def test_every_response_has_the_headers() -> None:
    for path in ("/hello", "/nowhere", "/livez"):
        headers = client().get(path).headers
        for name, value in SAFE_HEADERS.items():
            own = name == "content-security-policy" and path != "/nowhere"
            assert headers[name] == ("own" if own else value)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("visit-7", True),
        ("x" * 128, True),
        ("x" * 129, False),
        ("", False),
        ("a b", False),
        ("caf\u00e9", False),
        ("a\tb", False),
    ],
)
def test_a_harmless_id_is_kept(given: str, kept: bool) -> None:
    answer = client().get("/hello", headers={b"x-request-id": given.encode("latin-1")})
    told = answer.headers["x-request-id"]
    assert (told == given) is kept
    assert told.isascii()
    assert 0 < len(told) <= 128


def test_a_path_forges_no_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    before = logging.getLogRecordFactory()
    tell_in_log()
    try:
        with caplog.at_level(logging.INFO):
            client().get("/%0a2026 [INFO] forged%1b[31m", headers={"x-request-id": "r-1"})
            client().get("/hello", headers={"x-request-id": "r-2"})
    finally:
        logging.setLogRecordFactory(before)
    lines = [each for each in caplog.messages if "HTTP Request" not in each]
    assert all(line.isprintable() for line in lines)
    assert "GET /\\n2026 [INFO] forged\\x1b[31m: 404" in lines[0]
    assert lines[0].endswith("(request r-1)")
    assert lines[1] == "about\\nthis (request r-2)"
    assert lines[2].endswith("(request r-2)")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:3000", 200),
        ("LOCALHOST", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:3000", 200),
        ("evil.example", 421),
        ("localhost.evil.example:3000", 421),
        ("evil.example:localhost", 421),
        ("", 421),
    ],
)
def test_only_its_own_names_are_answered_but_probes(host: str, status: int) -> None:
    asked = client(hosts=LOOPBACK)
    assert asked.get("/hello", headers={"host": host}).status_code == status
    for probe in PROBES:
        assert asked.get(probe, headers={"host": host}).status_code == 200
    assert client().get("/hello", headers={"host": host}).status_code == 200


GOOD, OTHER, ADMIN = "g" * 20, "h" * 20, "a" * 20


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": f"Bearer {GOOD}"}, 200),
        ({"authorization": f"bearer  {OTHER}"}, 200),
        ({"x-api-key": ADMIN}, 200),
        ({"authorization": f"Basic {GOOD}"}, 401),
        ({"authorization": "Bearer "}, 401),
        ({"authorization": f"Bearer {GOOD}x"}, 401),
        ({"authorization": f"Bearer {GOOD[:-1]}"}, 401),
        ({"x-api-key": ""}, 401),
    ],
)
def test_a_key_is_needed_where_there_are_keys(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    (tmp_path / "keys").write_text(f"# ours\ninfer {GOOD}\n\ninfer  {OTHER}\nadmin {ADMIN}\n")
    asked = client(keys=Keys.read(tmp_path / "keys"))
    answer = asked.get("/hello", headers=headers)
    assert answer.status_code == status
    assert (answer.headers.get("www-authenticate") == "Bearer") is (status == 401)
    for probe in PROBES:
        assert asked.get(probe).status_code == 200


def test_rights_are_kept_apart() -> None:
    asked = client(keys=Keys({GOOD: "infer", ADMIN: "admin"}))
    path = "/v2/repository/models/demo/load"
    for key, status in ((GOOD, 403), (ADMIN, 404), ("", 401)):
        assert asked.post(path, headers={"x-api-key": key}).status_code == status
    index = asked.post("/v2/repository/index", headers={"x-api-key": GOOD})
    assert index.status_code not in (401, 403)
    assert asked.get("/v2/health/ready").status_code != 401


@pytest.mark.parametrize(
    "text", ["", "# none", "infer", "infer short", "root " + GOOD, GOOD, f"infer {GOOD} {OTHER}"]
)
def test_a_wrong_file_of_keys_is_a_sentence_without_keys(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys").write_text(text)
    with pytest.raises(ConfigError, match=r"HIKARI_KEYS: .*keys") as raised:
        Keys.read(tmp_path / "keys")
    assert GOOD not in raised.value.message
    with pytest.raises(ConfigError, match="cannot be read"):
        Keys.read(tmp_path / "nowhere")


def test_a_stage_is_asked_for_nothing_else() -> None:
    stage = client(paths=("/infer",))
    assert stage.get("/hello").status_code == 404
    assert stage.get("/hello").json()["code"] == "not_found"
    assert stage.get("/livez").status_code == 200
