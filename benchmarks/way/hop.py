"""Milliseconds of a call to a stage that answers at once, beside a bare POST of the same bytes.

Both servers are uvicorn and Starlette, each in a thread of its own, both clients aiohttp; the two
are asked in turns.
"""

import asyncio
import time
from dataclasses import dataclass
from io import BytesIO
from statistics import median

import aiohttp
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hikari_serve.pictures.view import Preprocessing, make_view
from hikari_serve.serving.hop.door import stage_app
from hikari_serve.serving.hop.remote import RemoteStage
from hikari_serve.serving.hop.wire import write_call
from hikari_serve.stage import Classification, Hosted, Item, OnText, Provenance, StageResult
from tests.serving.threaded import threaded

SIDES = {"the demo's view, 128 x 96": (128, 96), "a view of 672 x 672": (672, 672)}
RESULT = StageResult(
    output=Classification(
        label="a",
        display_name="A",
        probability=1.0,
        scores={"a": 1.0},
        names={"a": "A"},
        label_mass=1.0,
        decision="answered",
    ),
    provenance=Provenance(
        model="m", version=1, weights="w" * 64, engine="none", dtype="float32", preprocessing="p"
    ),
    queue_ms=0,
    compute_ms=0,
    batch_size=1,
)


@dataclass(frozen=True, slots=True)
class Trip:
    """Milliseconds, medians.

    Attributes:
        size: Bytes of the call.
        hop: By `RemoteStage` and the stage's door.
        bare: By a bare POST that is read and answered with as many bytes as a result has.
    """

    size: int
    hop: float
    bare: float


class Instant:
    """A stage that answers at once."""

    async def infer(self, item: Item, on_text: OnText | None = None) -> StageResult:
        return RESULT

    async def ready(self) -> None:
        return

    async def describe(self) -> tuple[Hosted, ...]:
        return ()


def trips(repeats: int) -> dict[str, Trip]:
    """What each size of view takes."""
    stage = stage_app("group")
    stage.state.stage = Instant()
    answer = RESULT.model_dump_json().encode()

    async def read(request: Request) -> Response:
        await request.body()
        return Response(answer, media_type="application/json")

    bare = Starlette(routes=[Route("/", read, methods=["POST"])])
    with threaded(stage) as hop, threaded(bare) as other:
        return {
            name: asyncio.run(_trip(hop.url, other.url, sides, repeats))
            for name, sides in SIDES.items()
        }


async def _trip(hop_url: str, bare_url: str, sides: tuple[int, int], repeats: int) -> Trip:
    view = make_view(Image.effect_noise(sides, 60).convert("RGB"), Preprocessing())
    item = Item(id="r", model="m", view=view, deadline=time.time() + 3600)
    body = write_call(item)
    stage = RemoteStage("group", hop_url)
    hops, bares = [], []
    async with aiohttp.ClientSession() as session:
        for _ in range(repeats + 5):
            began = time.perf_counter()
            await stage.infer(item)
            hops.append(time.perf_counter() - began)
            began = time.perf_counter()
            async with session.post(bare_url, data=BytesIO(body)) as response:
                await response.read()
            bares.append(time.perf_counter() - began)
    await stage.close()
    return Trip(len(body), median(hops[5:]) * 1000, median(bares[5:]) * 1000)
