"""Two replicas of a stage: one may die or be rolled, and no answer is lost for it."""

from pathlib import Path

import httpx

from tests.attack.rolling import roll
from tests.served.server import serving


def test_no_answer_is_lost_while_replicas_die_and_are_rolled(tmp_path: Path) -> None:
    ends, _ = roll(tmp_path, ["disease"], 6, kills=2, every=1)
    assert ends.total() > 20
    assert set(ends) == {"right"}


def test_a_wrong_address_is_not_ready_and_says_why(tmp_path: Path) -> None:
    with serving(tmp_path / "group", "runners.group:GroupRunner") as group:
        wrong = {"HIKARI_PLACEMENT": "inline", "HIKARI_DISEASE_RUNNER": group.url}
        with serving(tmp_path / "api", path="/livez", **wrong) as api:  # type: ignore[arg-type]
            ready = httpx.get(f"{api.url}/readyz")
            assert ready.status_code == 503
            said = "it is a runner of the stage 'group', not of 'disease'"
            assert ready.json()["down"]["disease"] == said
