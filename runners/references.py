"""The runner of the stage `references`."""

from hikari_serve.serving.runner import runner_of

ReferencesRunner = runner_of("references")
