"""Nothing of who is in a picture, or of what is said about them, stays anywhere."""

import base64
import io
import itertools
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import psutil
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from hikari_serve.drawing.cases import Drawing
from tests.eventually import eventually
from tests.observability.receiver import Receiver
from tests.served.server import ROOT, Server, serving

NAME = "Aurelia-Planted"
PLANTED = (NAME, NAME.lower(), "aurelia planted", base64.b64encode(NAME.encode())[:-4].decode())
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax'
    f'-ns#"><rdf:Description Creator="{NAME}"/></rdf:RDF></x:xmpmeta>'
).encode()
FILES = 210
KINDS, ANSWERED = 7, 4
"""What is sent differs in so many ways, of which so many are answered."""
AUDIT = "audit.jsonl"
DOCS = ROOT / "docs" / "logs.md"
ARTIST, DESCRIPTION, COMMENT = 0x013B, 0x010E, 0x9286


def file(image: Image.Image, form: str) -> bytes:
    """The picture as a file that names somebody wherever its format has room for it."""
    exif = Image.Exif()
    exif[ARTIST], exif[DESCRIPTION], exif[COMMENT] = NAME, NAME, NAME
    text = PngInfo()
    text.add_text("Author", NAME)
    text.add_itxt("XML:com.adobe.xmp", XMP.decode())
    its: dict[str, object] = {
        "JPEG": {"exif": exif, "xmp": XMP, "comment": NAME},
        "PNG": {"exif": exif, "pnginfo": text},
        "WEBP": {"exif": exif, "xmp": XMP},
        "TIFF": {"tiffinfo": {ARTIST: NAME, DESCRIPTION: NAME, 700: XMP}},
    }
    saved = io.BytesIO()
    image.save(saved, form, **its[form])  # type: ignore[arg-type]
    assert NAME.encode() in saved.getvalue()
    return saved.getvalue()


def asked(drawings: list[Drawing]) -> Iterator[tuple[str, bytes, dict[str, str]]]:
    """Where to send a file, the file, and what else is said: much of it is refused."""
    forms = itertools.cycle(("JPEG", "PNG", "WEBP", "TIFF"))
    for number in range(FILES):
        image = drawings[number % len(drawings)].image.resize((64 + number, 64))
        whole = file(image, next(forms))
        yield from (
            ("/diagnose", whole, {"until": "group"}),
            ("/diagnose", whole[: len(whole) // 2], {}),
            ("/diagnose", whole, {"description": f"Photograph of {NAME}"}),
            ("/diagnose/stream", whole, {"until": "group"}),
            ("/diagnose", NAME.encode() + whole, {}),
            ("/diagnose", whole, {"until": "group", "format": "html"}),
            ("/diagnose", whole, {"until": "group", "format": "md"}),
        )[number % KINDS : number % KINDS + 1]


def watched(home: Path, receiver: Receiver) -> dict[str, str]:
    """Settings of a server of two workers with all that hears of requests."""
    home.mkdir()
    key = home.parent / "audit.key"
    key.write_text("k" * 64)
    return {
        "HIKARI_WORKERS": "2",
        "HIKARI_AUDIT": str(home / AUDIT),
        "HIKARI_AUDIT_KEY": str(key),
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_BSP_SCHEDULE_DELAY": "500",
    }


def roots(receiver: Receiver) -> int:
    return sum(not span.parent_span_id for span in list(receiver.spans))


def keys(line: dict[str, Any]) -> set[str]:
    """What a line of the log says, its stages included."""
    (its,) = line.get("pictures", [line])
    return {*line, *its, *its["stages"], *its["stages"]["group"]} - {"first_word", "trace"}


def left(server: Server, home: Path, temporary: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of the server's, and those that its processes have open."""
    opened = {
        Path(each.path)
        for process in (psutil.Process(server.process.pid), *_children(server))
        for each in process.open_files()
    }
    for path in {*home.rglob("*"), *temporary.rglob("*"), *opened}:
        if path.is_file() and "site-packages" not in path.parts:
            yield str(path), path.read_bytes()


def _children(server: Server) -> list[psutil.Process]:
    return psutil.Process(server.process.pid).children(recursive=True)


def test_no_name_stays_anywhere(drawings: list[Drawing], tmp_path: Path) -> None:
    home = tmp_path / "home"
    with (
        TemporaryDirectory() as temporary,  # a short path, which sockets need
        Receiver() as receiver,
        serving(home, TMPDIR=temporary, **watched(home, receiver)) as server,  # type: ignore[arg-type]
        httpx.Client(base_url=server.url, timeout=60) as client,
    ):
        found: list[tuple[str, bytes]] = []
        statuses = []
        for path, body, fields in asked(drawings):
            files = {"image": (f"{NAME}.jpg", body)}
            answer = client.post(path, files=files, data=fields)
            statuses.append(answer.status_code)
            found.append((f"answer {len(statuses)}", answer.content))
            found.append((f"headers {len(statuses)}", str(answer.headers).encode()))
        assert statuses.count(200) == FILES / KINDS * ANSWERED
        assert set(statuses) <= {200, 400, 415, 422}
        found.append(("metrics", client.get("/metrics").content))
        assert eventually(lambda: roots(receiver) == FILES)
        found.append(("traces", str(receiver.spans).encode()))
        found += left(server, home, Path(temporary))
        names = [name for name, _ in found]
        assert str(server.log) in names
        assert str(home / AUDIT) in names
        assert any("counter_" in name for name in names)  # the metrics' own files
        for name, content in found:
            for planted in PLANTED:
                assert planted.encode() not in content.lower() + content, (name, planted)
        time.sleep(0.1)
        lines = [json.loads(line) for line in server.log.read_text().splitlines()]
        requests = [line for line in lines if line.get("event") == "request"]
        assert len(requests) == FILES
        assert len({line["request"] for line in requests}) == FILES
        audited = [json.loads(line) for line in (home / AUDIT).read_text().splitlines()]
        assert {line["request"] for line in audited} == {line["request"] for line in requests}
        example, audit = map(
            json.loads, re.findall(r"```json\n(.*?)```", DOCS.read_text(), re.DOTALL)
        )
        streamed = next(line for line in requests if line["door"] == "diagnose_stream")
        assert keys(streamed) == keys(example)
        whole = next(line for line in audited if line["request"] == streamed["request"])
        assert keys(whole) == keys(audit) - {"references"}  # it asked for the group alone
        assert len(whole["pictures"]) == 1
        lost = re.findall(r"^hikari_audit_lost_total (.+)$", client.get("/metrics").text, re.M)
        assert lost == ["0.0"]
