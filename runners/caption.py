"""The runner of the stage `caption`."""

from hikari_serve.serving.runner import runner_of

CaptionRunner = runner_of("caption")
