"""The runner of the task `caption`."""

import bentoml

from hikari_serve.serving.runner import RUNNER, Runner
from hikari_serve.serving.stage_door import stage_app

app = stage_app()


@bentoml.service(**RUNNER)
@bentoml.asgi_app(app)
class CaptionRunner(Runner):
    """Describes the lesion in words."""

    task = "caption"
    app = app
