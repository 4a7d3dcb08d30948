"""The card's cascade behind FastAPI: `uvicorn benchmarks.rivals.behind_fastapi:app`.

As https://fastapi.tiangolo.com/advanced/events/ shows a model that is loaded once, and
https://fastapi.tiangolo.com/tutorial/request-files/ an uploaded file.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, UploadFile

from benchmarks.card_cascade import CardCascade
from benchmarks.rivals.answer import Found, write
from hikari_serve.settings import Settings

models: dict[str, CardCascade] = {}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Loads the weights before the first request."""
    settings = Settings.from_environment()
    models["card"] = CardCascade(settings.models, settings.cascade)
    yield
    models.clear()


app = FastAPI(lifespan=lifespan)


@app.get("/health")
async def health() -> str:
    """Answers when the weights are loaded."""
    return "ok"


@app.post("/diagnose")
async def diagnose(image: UploadFile) -> Found:
    """Answers one picture; whoever else asks waits, as in the cited page.

    In a plain `def` as many as ask would generate at once, all on the same cores.
    """
    [found] = models["card"].diagnose([await image.read()])
    return write(found)
