"""One real server, shared by the tests that do not hurt it, and drawings to send to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hikari_serve.drawing.cases import Drawing, draw_cases
from tests.served.server import Server, serving

SEED = 20_000
"""Apart from the seeds that the family was trained and judged on."""


@pytest.fixture(scope="session")
def drawings() -> list[Drawing]:
    return list(draw_cases(20, SEED))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"
