"""The runner of the stage `group`."""

from hikari_serve.serving.runner import runner_of

GroupRunner = runner_of("group")
