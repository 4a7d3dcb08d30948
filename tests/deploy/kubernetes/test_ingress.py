"""An Ingress lets through what the server takes, keeps none of it, and waits as long as an answer may."""

import yaml

from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig
from hikari_serve.settings import Settings
from tests.deploy.kubernetes.rendered import FOLDER
from tests.served.server import ROOT

INGRESS = yaml.safe_load((FOLDER / "components" / "ingress" / "ingress.yaml").read_text())
ASKED = {
    key.removeprefix("nginx.ingress.kubernetes.io/proxy-"): value
    for key, value in INGRESS["metadata"]["annotations"].items()
}


def test_it_waits_for_the_cascade_that_may_take_longest() -> None:
    repository = Repository(ROOT / "models")
    configs = [
        repository.config(path.parent.name).hikari for path in ROOT.glob("models/*/config.yaml")
    ]
    longest = max(each.timeout_ms for each in configs if isinstance(each, CascadeConfig))
    assert int(ASKED["read-timeout"]) == int(ASKED["send-timeout"]) == longest / 1000 + 15


def test_a_picture_passes_and_is_not_kept() -> None:
    assert int(ASKED["body-size"].removesuffix("m")) * 2**20 > Settings().max_image_bytes + 64_000
    assert ASKED["request-buffering"] == ASKED["buffering"] == "off"
