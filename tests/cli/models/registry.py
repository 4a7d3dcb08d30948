"""A registry on the loopback that speaks as much of OCI's distribution API as a push and a pull need."""

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

UPLOAD = re.compile(r"^/v2/.+/blobs/uploads/(\d*)(?:\?digest=(.+))?$")
BLOB = re.compile(r"^/v2/.+/blobs/(sha256:[0-9a-f]+)$")
MANIFEST = re.compile(r"^/v2/(.+)/manifests/(.+)$")
OCI = "application/vnd.oci.image.manifest.v1+json"
BYTES = "application/octet-stream"


class Registry(ThreadingHTTPServer):
    """The server.

    Attributes:
        blobs: What was pushed, by its digest.
        tags: Digests of manifests, by the image's name and tag.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.blobs: dict[str, bytes] = {}
        self.tags: dict[str, str] = {}
        self.uploads: list[bytes] = []

    @property
    def host(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.server_address[1]}"

    def keep(self, content: bytes) -> str:
        """Keeps a blob; its digest."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.blobs[digest] = content
        return digest


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Registry
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        content = self.kept()
        if content:
            self.wfile.write(content)

    def do_HEAD(self) -> None:
        self.kept()

    def do_POST(self) -> None:
        self.server.uploads.append(b"")
        self.answer(202, Location=f"{self.path}{len(self.server.uploads) - 1}")

    def do_PATCH(self) -> None:
        found = UPLOAD.match(self.path)
        assert found
        self.server.uploads[int(found[1])] += self.body()
        self.answer(202, Location=self.path)

    def do_PUT(self) -> None:
        if upload := UPLOAD.match(self.path):
            digest = self.server.keep(self.server.uploads[int(upload[1])] + self.body())
            self.answer(201 if digest == upload[2].replace("%3A", ":") else 400)
        elif manifest := MANIFEST.match(self.path):
            digest = self.server.keep(self.body())
            self.server.tags[f"{manifest[1]}:{manifest[2]}"] = digest
            self.answer(201)

    def kept(self) -> bytes:
        """What is asked for, once the answer's head is sent; empty if nothing is to follow it."""
        if self.path == "/v2/":
            self.answer(200)
            return b""
        blob, manifest = BLOB.match(self.path), MANIFEST.match(self.path)
        digest = blob[1] if blob else ""
        if manifest:
            digest = self.server.tags.get(f"{manifest[1]}:{manifest[2]}", manifest[2])
        content = self.server.blobs.get(digest, b"")
        self.answer(
            200 if content else 404, len(content), **{"Content-Type": BYTES if blob else OCI}
        )
        return content

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def answer(self, status: int, length: int = 0, **headers: str) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(length)}.items():
            self.send_header(key, value)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing."""


@contextmanager
def serving() -> Iterator[Registry]:
    """Runs it until the block ends."""
    with Registry() as registry:
        thread = threading.Thread(target=registry.serve_forever)
        thread.start()
        try:
            yield registry
        finally:
            registry.shutdown()
            thread.join()
