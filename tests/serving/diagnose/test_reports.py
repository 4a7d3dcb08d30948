"""Reports over HTTP: who gets one, and what is in it."""

import base64
import io
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from hikari_serve.pictures.decode import PictureLimits
from hikari_serve.serving.diagnose import reports
from hikari_serve.serving.diagnose.reports import accepted_format
from hikari_serve.settings import available_cores
from tests.serving.conftest import Api

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "json"),
        ("*/*", "json"),
        (BROWSER, "html"),
        ("text/markdown", "md"),
        ("application/json, text/html;q=0.9", "json"),
        ("text/html;q=0.1, application/json;q=0.2", "json"),
        ("text/html;q=0", "json"),
        ("text/html;q=x", "json"),
        ("image/png", "json"),
    ],
)
def test_accept_decides(accept: str, form: str) -> None:
    assert accepted_format(accept) == form


def ask(api: Api, form: str | None, accept: str = "*/*") -> tuple[str, str]:
    params = {"format": form} if form else {}
    files = {"image": ("a <b>.png", api.bench.image)}
    found = api.client.post("/diagnose", params=params, files=files, headers={"accept": accept})
    assert found.status_code == 200, found.text
    return found.headers["content-type"], found.text


def test_a_format_wins_over_accept(api: Api) -> None:
    assert ask(api, None, BROWSER)[0] == "text/html; charset=utf-8"
    assert ask(api, "json", BROWSER)[0] == "application/json"
    assert ask(api, "md", BROWSER)[0] == "text/markdown; charset=utf-8"
    kind, text = ask(api, "html")
    assert kind == "text/html; charset=utf-8"
    assert "<h1>Request " in text
    assert "a &lt;b&gt;" not in text  # a file may be named after whom it shows


def test_pictures_of_reports_are_decoded_one_a_core_too(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    cores = threading.BoundedSemaphore(available_cores())
    had_a_core = []

    def slow(picture: bytes, limits: PictureLimits) -> bytes:
        had_a_core.append(free := cores.acquire(blocking=False))
        time.sleep(0.05)
        if free:
            cores.release()
        return picture

    monkeypatch.setattr(reports, "upright", slow)
    with ThreadPoolExecutor(16) as clients:
        list(clients.map(lambda _: ask(api, "md"), range(16)))
    assert had_a_core == [True] * 16


def test_a_report_may_do_nothing(api: Api) -> None:
    files = {"image": api.bench.image}
    found = api.client.post("/diagnose?format=html", files=files)
    assert "default-src 'none'" in found.headers["content-security-policy"]
    assert found.headers["cache-control"] == "no-store"


def test_the_picture_is_upright_and_says_nothing_else(api: Api) -> None:
    picture = Image.new("RGB", (60, 40), "brown")
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "taken at home"
    written = io.BytesIO()
    picture.save(written, "JPEG", exif=exif)
    found = api.client.post("/diagnose?format=html", files={"image": written.getvalue()}).text
    uri = re.search(r'src="data:image/jpeg;base64,([^"]+)" alt="The picture', found)
    assert uri is not None
    shown = base64.b64decode(uri[1])
    assert b"taken at home" in written.getvalue()
    assert b"taken at home" not in shown
    with Image.open(io.BytesIO(shown)) as image:
        assert (image.size, dict(image.getexif())) == ((40, 60), {})


def test_errors_stay_json(api: Api) -> None:
    found = api.client.post("/diagnose?format=html", files={"image": b"junk"})
    assert (found.status_code, found.json()["code"]) == (415, "unsupported_image")
    found = api.client.post("/diagnose?format=pdf", files={"image": api.bench.image})
    assert (found.status_code, found.json()["code"]) == (400, "invalid_input")


def test_a_stream_is_no_report(api: Api) -> None:
    found = api.client.post("/diagnose/stream?format=html", files={"image": api.bench.image})
    assert (found.status_code, found.json()["code"]) == (400, "invalid_input")
    assert "ask /diagnose" in found.json()["error"]
