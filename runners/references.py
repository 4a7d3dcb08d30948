"""The runner of the task `references`."""

import bentoml

from hikari_serve.serving.runner import RUNNER, Runner
from hikari_serve.serving.stage_door import stage_app

app = stage_app()


@bentoml.service(**RUNNER)
@bentoml.asgi_app(app)
class ReferencesRunner(Runner):
    """Retrieves the cases that look most alike."""

    task = "references"
    app = app
