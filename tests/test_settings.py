"""A wrong setting is one sentence that names it."""

import os
from pathlib import Path

import pytest

from hikari_serve.errors import ConfigError
from hikari_serve.settings import Settings, available_cores


def test_defaults_need_no_variable() -> None:
    settings = Settings.from_environment({})
    assert settings == Settings()
    assert set(settings.placement.values()) == {"process"}


def test_every_variable_is_read() -> None:
    settings = Settings.from_environment(
        {
            "HIKARI_CASCADE": "hikari",
            "HIKARI_MODELS": "/srv/models",
            "HIKARI_WEIGHTS": "/srv/weights",
            "HIKARI_LOCKS": "/srv/locks",
            "HIKARI_PLAN": "/srv/plan.yaml",
            "HIKARI_PLACEMENT": "inline",
            "HIKARI_DISEASE_RUNNER": "http://disease:3000/",
            "HIKARI_THREADS": "4",
            "HIKARI_WORKERS": "2",
            "HIKARI_MAX_IMAGE_BYTES": "1000",
            "HIKARI_MAX_IMAGE_PIXELS": "2000",
        }
    )
    assert settings == Settings(
        cascade="hikari",
        models=Path("/srv/models"),
        weights=Path("/srv/weights"),
        locks=Path("/srv/locks"),
        plan=Path("/srv/plan.yaml"),
        placement={
            "group": "inline",
            "references": "inline",
            "disease": "http://disease:3000",
            "caption": "inline",
        },
        threads=4,
        workers=2,
        max_image_bytes=1000,
        max_image_pixels=2000,
    )


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"HIKARI_CASCADES": "x"}, "HIKARI_CASCADES is no setting.*did you mean HIKARI_CASCADE"),
        ({"HIKARI_THREADS": "many"}, "HIKARI_THREADS is 'many', but must be a whole number"),
        ({"HIKARI_WORKERS": "0"}, "HIKARI_WORKERS is '0', but must be .* at least 1"),
        ({"HIKARI_GROUP_RUNNER": "far"}, "HIKARI_GROUP_RUNNER is 'far', but must be process"),
        ({"HIKARI_PLACEMENT": "far"}, "HIKARI_PLACEMENT is 'far'"),
    ],
)
def test_a_wrong_variable_is_named(environ: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Settings.from_environment(environ)


def test_local_processes_share_the_cores() -> None:
    assert 1 <= available_cores() <= (os.cpu_count() or 1)
    assert Settings().cores(1) == available_cores()
    assert Settings().cores(4) == max(1, available_cores() // 4)
    assert Settings(threads=3).cores(4) == 3


def test_every_setting_is_in_the_docs() -> None:
    docs = (Path(__file__).parents[1] / "docs" / "settings.md").read_text()
    for name in ("CASCADE", "MODELS", "WEIGHTS", "INDEXES", "LOCKS", "PLACEMENT", "GROUP_RUNNER", "REFERENCES_RUNNER",
                 "DISEASE_RUNNER", "CAPTION_RUNNER", "THREADS", "WORKERS", "MAX_IMAGE_BYTES",
                 "MAX_IMAGE_PIXELS"):  # fmt: skip
        assert f"`HIKARI_{name}`" in docs


def test_the_tasks_of_this_machine_are_those_that_no_url_serves() -> None:
    settings = Settings.from_environment({"HIKARI_DISEASE_RUNNER": "http://disease:3000"})
    assert settings.tasks_here == ("group", "references", "caption")
