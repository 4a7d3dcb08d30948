"""`hikari top` over a page that a real server gives."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from hikari_serve.cli.top.page import Between, Page
from hikari_serve.cli.top.view import requests
from hikari_serve.observability.figures import Figures
from hikari_serve.observability.metrics import Metrics
from hikari_serve.observer import RequestEnd
from tests.cli.conftest import Hikari
from tests.scripted import Bench


class Counting:
    """A server that answers `/metrics`, and is busier at each look.

    Attributes:
        looks: How often somebody looked.
        away: At which of these times it refuses.
    """

    def __init__(self) -> None:
        registry = CollectorRegistry()
        api = Metrics(Figures(registry), "group")
        bench = Bench(api)
        counting = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                counting.looks += 1
                if self.path not in ("/metrics", "/page/metrics"):
                    self.send_error(404)
                    return
                if counting.looks in counting.away:
                    self.send_error(503)
                    return
                page = self.path == "/page/metrics"
                body = b"<!doctype html>" if page else generate_latest(registry)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)
                counting.ask()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._api, self._bench = api, bench
        self.looks, self.away = 0, set[int]()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def ask(self) -> None:
        """One request, and items that wait for a runner's engine."""
        self._bench.run()
        self._api.request_ended(RequestEnd("r", None, "api", "complete", None, 0.5))
        self._api.queue_changed("m", 1, 7, 2)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def counting() -> Iterator[Counting]:
    counting = Counting()
    yield counting
    counting.close()


def test_it_shows_what_happens_between_two_looks(hikari: Hikari, counting: Counting) -> None:
    done = hikari("top", counting.url, "--every", 0.5, "--count", 1)
    assert done.exit_code == 0, done.output
    line, *_ = done.stdout.splitlines()
    assert "complete), 500 ms on average" in line
    rows = {row.split()[0]: row.split() for row in done.stdout.splitlines() if row}
    assert rows["stage"][:4] == ["stage", "calls/s", "failed/s", "waiting"]
    for stage in ("group", "references", "disease", "caption"):
        assert float(rows[stage][1]) > 0
        assert rows[stage][2:4] == ["0.0", "0"]
    assert rows["group"][4:6] == ["7", "2"]


def test_pages_of_several_servers_are_added_up() -> None:
    text = 'hikari_requests_total{door="api",outcome="complete",cause=""} %d\n'
    before, after = Page.of(0.0, [text % 1, text % 5]), Page.of(2.0, [text % 3, text % 9])
    assert before.total("hikari_requests_total", outcome="complete") == 6
    assert Between(before, after).rate("hikari_requests_total") == 3
    assert requests(Between(before, after)) == "3.0 requests/s (3.0 complete)"
    assert Between(after, before).rate("hikari_requests_total") == 0


def test_a_server_that_starts_anew_hides_no_other() -> None:
    text = "hikari_requests_total %d\n"
    before, after = Page.of(0.0, [text % 90, text % 5]), Page.of(2.0, [text % 0, text % 9])
    assert Between(before, after).rate("hikari_requests_total") == 2


def test_it_goes_on_while_a_server_is_gone(hikari: Hikari, counting: Counting) -> None:
    counting.away = {2}
    done = hikari("top", counting.url, "--every", 0.2, "--count", 3)
    assert done.exit_code == 0, done.output
    assert done.stdout.count("requests/s") == 3
    assert done.stdout.count(f"not reachable: {counting.url}/metrics answers 503") == 1
    assert done.stdout.endswith("\n")


def test_a_server_that_gives_no_metrics_is_named(hikari: Hikari, counting: Counting) -> None:
    done = hikari("top", f"{counting.url}/elsewhere")
    assert done.exit_code == 1
    assert "elsewhere/metrics answers 404: with HIKARI_METRICS_PORT" in done.stderr
    done = hikari("top", f"{counting.url}/page")
    assert done.exit_code == 1
    assert "page/metrics gives no metrics, but <!doctype html>" in done.stderr
    done = hikari("top", "http://127.0.0.1:9")
    assert done.exit_code == 1
    assert done.stderr.startswith("hikari: http://127.0.0.1:9/metrics cannot be read")


@pytest.mark.parametrize("url", ["http://localhost:99999", "http://a..b", "localhost:3000"])
def test_a_wrong_url_is_one_sentence(hikari: Hikari, url: str) -> None:
    done = hikari("top", url)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"hikari: '{url}/metrics' is no URL")
    assert done.stderr.count("\n") == 1
