"""The model behind the product's queue and the runners' own door."""

import bentoml

from benchmarks.batching.counted import load
from hikari_serve.serving.hop.door import stage_app

app = stage_app("queued")


@bentoml.service(traffic={"timeout": 3600})
@bentoml.asgi_app(app)
class Queued:
    """Gets its batches from `hikari_serve.scheduling`."""

    def __init__(self) -> None:
        self._model, self._engine = load()
        app.state.stage = self._model

    @bentoml.api  # type: ignore[untyped-decorator]
    async def computed(self) -> int:
        """Items that came to the engine so far."""
        return self._engine.computed
