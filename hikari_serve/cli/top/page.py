"""What the pages of `/metrics` of some servers say together, and what changed between two looks."""

from collections.abc import Iterable
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

from hikari_serve.errors import Unavailable

Labels = frozenset[tuple[str, str]]

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Page:
    """The samples of `/metrics`, those of several servers added up.

    Attributes:
        at: When it was read, in seconds of a clock that all pages share.
        samples: By name and labels.
    """

    at: float
    samples: dict[tuple[str, Labels], float]

    @classmethod
    def of(cls, at: float, texts: Iterable[str]) -> "Page":
        """Reads pages in Prometheus' text format."""
        samples: dict[tuple[str, Labels], float] = {}
        for text in texts:
            for family in text_string_to_metric_families(text):
                for each in family.samples:
                    if each.name.startswith("hikari_"):
                        key = each.name, frozenset(each.labels.items())
                        samples[key] = samples.get(key, 0.0) + each.value
        return cls(at, samples)

    def total(self, name: str, **labels: str) -> float:
        """The sum of the samples of a name that have these labels."""
        wanted = labels.items()
        return sum(
            value for (its, has), value in self.samples.items() if its == name and wanted <= has
        )

    def values(self, name: str, label: str) -> list[str]:
        """The values of a label of a sample, in order."""
        return sorted({dict(has)[label] for its, has in self.samples if its == name})


@dataclass(frozen=True, slots=True)
class Between:
    """Two looks at the same servers."""

    before: Page
    after: Page

    def rate(self, name: str, **labels: str) -> float:
        """How often something was counted in a second."""
        seconds = self.after.at - self.before.at
        return self._more(name, **labels) / seconds if seconds > 0 else 0.0

    def mean(self, name: str, **labels: str) -> float | None:
        """The mean of what a histogram saw; None if it saw nothing."""
        count = self._more(f"{name}_count", **labels)
        return self._more(f"{name}_sum", **labels) / count if count else None

    def _more(self, name: str, **labels: str) -> float:
        # A server that was started anew counts from nothing.
        return max(0.0, self.after.total(name, **labels) - self.before.total(name, **labels))


def fetch(urls: Iterable[str]) -> list[str]:
    """The pages of servers.

    Args:
        urls: The servers, or their ports for health and metrics.

    Raises:
        Unavailable: One gives no metrics.
    """
    return [_fetch(f"{url.rstrip('/')}/metrics") for url in urls]


def _fetch(url: str) -> str:
    try:
        answer = httpx.get(url, timeout=TIMEOUT_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"{url} cannot be read: {error}") from None
    if answer.status_code != httpx.codes.OK:
        raise Unavailable(
            f"{url} answers {answer.status_code}: with HIKARI_METRICS_PORT, metrics are there alone"
        )
    return answer.text
