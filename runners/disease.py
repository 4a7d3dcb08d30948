"""The runner of the stage `disease`."""

from hikari_serve.serving.runner import runner_of

DiseaseRunner = runner_of("disease")
