"""The runner of the task `disease`."""

import bentoml

from hikari_serve.serving.runner import RUNNER, Runner
from hikari_serve.serving.stage_door import stage_app

app = stage_app()


@bentoml.service(**RUNNER)
@bentoml.asgi_app(app)
class DiseaseRunner(Runner):
    """Names the disease, with reference cases or without."""

    task = "disease"
    app = app
