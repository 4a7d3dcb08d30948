"""Pods of the image that `make image` built."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.kubernetes.rendered import overlay
from tests.image.pods import Pods, pods_of


@pytest.fixture
def pods(tmp_path: Path) -> Iterator[Pods]:
    """What starts pods of the overlay `demo-cpu`, which find each other by name."""
    with pods_of(overlay("demo-cpu"), tmp_path) as made:
        if not made.resolves:
            pytest.skip(
                "podman's network has no names: golang-github-containernetworking-plugin-dnsname"
            )
        yield made
