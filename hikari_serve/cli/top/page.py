"""What the pages of `/metrics` of some servers say together, and what changed between two looks."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

from hikari_serve.client.url import server_url
from hikari_serve.errors import Unavailable
from hikari_serve.quoting import quoted

Labels = frozenset[tuple[str, str]]

Samples = Mapping[tuple[str, Labels], float]
"""What one server counts, by name and labels."""

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Page:
    """The samples of `/metrics` of several servers.

    Attributes:
        at: When they were read, in seconds of a clock that all pages share.
        samples: Of each server that gave some, by what tells servers apart.
        lost: Of each other server, why it gave none.
    """

    at: float
    samples: Mapping[str, Samples]
    lost: tuple[str, ...] = ()

    @classmethod
    def of(cls, at: float, texts: Iterable[str]) -> "Page":
        """Reads the text of each server; a later page must have them in the same order."""
        return cls(at, {str(server): _read(text) for server, text in enumerate(texts)})

    def total(self, name: str, **labels: str) -> float:
        """The sum of the samples of a name that have these labels."""
        return sum(_total(each, name, labels) for each in self.samples.values())

    def values(self, name: str, label: str) -> list[str]:
        """The values of a label of a sample, in order."""
        keys = (key for each in self.samples.values() for key in each)
        return sorted({dict(has)[label] for its, has in keys if its == name})


@dataclass(frozen=True, slots=True)
class Between:
    """Two looks at the same servers."""

    before: Page
    after: Page

    def rate(self, name: str, **labels: str) -> float:
        """How often something was counted in a second."""
        seconds = self.after.at - self.before.at
        return self._more(name, labels) / seconds if seconds > 0 else 0.0

    def mean(self, name: str, **labels: str) -> float | None:
        """The mean of what a histogram saw; None if it saw nothing."""
        count = self._more(f"{name}_count", labels)
        return self._more(f"{name}_sum", labels) / count if count else None

    def _more(self, name: str, labels: Mapping[str, str]) -> float:
        more = 0.0
        for server, before in self.before.samples.items():
            after = self.after.samples.get(server, {})
            # A server that was started anew counts from nothing, and the others go on.
            more += max(0.0, _total(after, name, labels) - _total(before, name, labels))
        return more


def look(urls: Iterable[str]) -> Page:
    """Reads the pages of servers, as they are now.

    Args:
        urls: The servers, or their ports for health and metrics.

    Raises:
        InvalidInput: A URL is none.
    """
    samples, lost = {}, []
    for url in urls:
        try:
            samples[url] = _fetch(server_url(f"{url.rstrip('/')}/metrics"))
        except Unavailable as error:
            lost.append(error.message)
    return Page(time.monotonic(), samples, tuple(lost))


def _fetch(url: httpx.URL) -> Samples:
    try:
        answer = httpx.get(url, timeout=TIMEOUT_SECONDS)
    except httpx.HTTPError as error:
        raise Unavailable(f"{url} cannot be read: {error}") from None
    if answer.status_code != httpx.codes.OK:
        raise Unavailable(
            f"{url} answers {answer.status_code}: with HIKARI_METRICS_PORT, metrics are there alone"
        )
    try:
        return _read(answer.text)
    except (ValueError, IndexError):
        raise Unavailable(f"{url} gives no metrics, but {quoted(answer.text)}") from None


def _read(text: str) -> Samples:
    """Reads Prometheus' text format; its parser raises what Python does where it is another."""
    return {
        (each.name, frozenset(each.labels.items())): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
        if each.name.startswith("hikari_")
    }


def _total(samples: Samples, name: str, labels: Mapping[str, str]) -> float:
    wanted = labels.items()
    return sum(value for (its, has), value in samples.items() if its == name and wanted <= has)
