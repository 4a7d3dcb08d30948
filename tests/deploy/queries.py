"""What a query of Prometheus uses of ours."""

import re

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from hikari_serve.observability.figures import Figures

SUFFIXES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_sum", "_count"),
}
_STRING = re.compile(r'"[^"]*"')
_NAME = re.compile(r"(?<![\w:])(hikari_\w+)(?![\w:])(?:\{([^}]*)\})?")
_LABEL = re.compile(r"(\w+)\s*[=!]~?")
_GROUPED = re.compile(r"\b(?:by|on|without) \(([^)]*)\)")
OURS = {"instance", "job", "le", "namespace"}
"""Labels that Prometheus adds, the operator's PodMonitor, or the format."""


def samples() -> dict[str, set[str]]:
    """The labels of each sample that a query may name."""
    figures = Figures(CollectorRegistry())
    found = {}
    for each in vars(figures).values():
        assert isinstance(each, MetricWrapperBase)
        assert each._type is not None
        for suffix in SUFFIXES[each._type]:
            found[f"{each._name}{suffix}"] = {*each._labelnames, *OURS}
    return found


def used(query: str) -> set[str]:
    """The samples that a query names.

    Raises:
        AssertionError: There is no such sample, or none has a label that is named.
    """
    known = samples()
    every = set().union(*known.values())
    names = set()
    for name, selector in _NAME.findall(_STRING.sub('""', query)):
        assert name in known, f"{query}: there is no {name}"
        labels = set(_LABEL.findall(selector))
        assert labels <= known[name], f"{query}: {name} has no {labels - known[name]}"
        names.add(name)
    for group in _GROUPED.findall(query):
        labels = {each.strip() for each in group.split(",")} - {""}
        assert labels <= every, f"{query}: nothing has {labels - every}"
    return names
