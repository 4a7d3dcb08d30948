"""A hub on the loopback that speaks as much of the Hugging Face hub's HTTP as a download needs.

It has one repository, and can be told to be gated, to cut a file's connection in the middle, to
refuse a file, or to send other bytes than it promised.
"""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"
INFO = re.compile(r"^/api/models/([^/]+/[^/]+)/revision/([^/?]+)")
RESOLVE = re.compile(r"^/([^/]+/[^/]+)/resolve/([^/]+)/(.+)$")
STORED = re.compile(r"^/lfs/(.+)$")


class Hub(ThreadingHTTPServer):
    """The server.

    Attributes:
        name: Its only repository.
        folder: The files of it.
        commit: The commit that its branch `main` and its tag `v1` are.
        gated: Whether it asks for a token.
        cut: Bytes of a file's answer after which the connection is closed, by file, once.
        refused: Files whose bytes are answered with 503.
        damaged: Files whose bytes are not those that were promised.
        strange: Whether every answer is a page for people, as of a network that wants a login.
        asked: Every request: method, path, and the Range it asked for.
    """

    daemon_threads = True

    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.name = name
        self.folder = folder
        self.commit = COMMIT
        self.gated = False
        self.cut: dict[str, int] = {}
        self.refused: set[str] = set()
        self.damaged: set[str] = set()
        self.strange = False
        self.asked: list[tuple[str, str, str | None]] = []

    @property
    def url(self) -> str:
        """Where it listens; what `HF_ENDPOINT` would be."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def ranges(self, name: str) -> list[str | None]:
        """The ranges in which a file's bytes were asked for."""
        return [where for method, path, where in self.asked if (method, path) == ("GET", name)]


class Handler(BaseHTTPRequestHandler):
    """Answers as the hub does."""

    protocol_version = "HTTP/1.1"
    server: Hub

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        self.server.asked.append((self.command, self.path, self.headers.get("Range")))
        if self.server.strange:
            self._send(200, b"<!doctype html>", {"Content-Type": "text/html"})
        elif found := STORED.match(self.path):
            self._bytes(found[1], body=body)
        elif found := INFO.match(self.path):
            self._info(found[1], found[2])
        elif found := RESOLVE.match(self.path):
            self._resolve(*found.groups(), body=body)
        else:
            self._error(404, "EntryNotFound")

    def _is_open(self, repository: str, revision: str) -> bool:
        if repository != self.server.name:
            self._error(404, "RepoNotFound")
        elif revision not in ("main", "v1", self.server.commit):
            self._error(404, "RevisionNotFound")
        elif self.server.gated and self.headers.get("Authorization") != "Bearer hf_right":
            self._error(403, "GatedRepo")
        else:
            return True
        return False

    def _info(self, repository: str, revision: str) -> None:
        if not self._is_open(repository, revision):
            return
        siblings = [self._sibling(path) for path in sorted(self.server.folder.rglob("*.*"))]
        answer = {"id": repository, "sha": self.server.commit, "siblings": siblings}
        self._send(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def _sibling(self, path: Path) -> dict[str, Any]:
        content = path.read_bytes()
        blob = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
        told = {
            "rfilename": str(path.relative_to(self.server.folder)),
            "size": len(content),
            "blobId": blob,
        }
        if path.suffix == ".safetensors":
            sha256 = hashlib.sha256(content).hexdigest()
            told["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 130}
        return told

    def _resolve(self, repository: str, revision: str, name: str, *, body: bool) -> None:
        if not self._is_open(repository, revision):
            return
        path = self.server.folder / name
        headers = {"X-Repo-Commit": self.server.commit}
        if not path.is_file():
            self._error(404, "EntryNotFound")
        elif path.suffix == ".safetensors":
            content = path.read_bytes()
            headers["X-Linked-Etag"] = f'"{hashlib.sha256(content).hexdigest()}"'
            headers["X-Linked-Size"] = str(len(content))
            # another host, as the hub's: of its own it would expect the commit in the answer
            headers["Location"] = f"http://localhost:{self.server.server_address[1]}/lfs/{name}"
            self._send(302, b"", headers)
        else:
            headers["ETag"] = f'"{self._sibling(path)["blobId"]}"'
            self._bytes(name, body=body, headers=headers)

    def _bytes(self, name: str, *, body: bool, headers: dict[str, str] | None = None) -> None:
        if name in self.server.refused and body:
            self._error(503, "Busy")
            return
        content = (self.server.folder / name).read_bytes()
        if name in self.server.damaged:
            content = bytes(255 - byte for byte in content)
        status, headers = 200, {"Accept-Ranges": "bytes", **(headers or {})}
        if wanted := self.headers.get("Range"):
            start = int(wanted.removeprefix("bytes=").partition("-")[0])
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            status, content = 206, content[start:]
        cut = self.server.cut.pop(name, None) if body else None
        self._send(status, content, headers, body=body, cut=cut)

    def _error(self, status: int, code: str) -> None:
        self._send(status, b"", {"X-Error-Code": code, "X-Error-Message": code})

    def _send(
        self,
        status: int,
        content: bytes,
        headers: dict[str, str],
        *,
        body: bool = True,
        cut: int | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body and self.command != "HEAD":
            self.wfile.write(content[:cut])
        if cut is not None:
            self.close_connection = True

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing on the terminal of the tests."""


@contextmanager
def serving(name: str, folder: Path) -> Iterator[Hub]:
    """Serves until the block ends."""
    with Hub(name, folder) as hub:
        thread = threading.Thread(target=hub.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join()
