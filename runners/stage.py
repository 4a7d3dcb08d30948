"""The runner of the stage that HIKARI_STAGE names, for cascades whose stages have other names."""

from hikari_serve.serving.runner import runner_of

StageRunner = runner_of(None)
