"""The runner of the task `group`."""

import bentoml

from hikari_serve.serving.runner import RUNNER, Runner
from hikari_serve.serving.stage_door import stage_app

app = stage_app()


@bentoml.service(**RUNNER)
@bentoml.asgi_app(app)
class GroupRunner(Runner):
    """Names the lesion's group."""

    task = "group"
    app = app
