"""How near a case of the demo's index is to itself, saved anew, and how near to another."""

import asyncio
import time
from io import BytesIO
from pathlib import Path

from PIL import Image

from hikari_serve.pictures.view import make_view
from hikari_serve.report.checks import ALIKE
from hikari_serve.repository.repository import Repository
from hikari_serve.stage import Item, Retrieval
from hikari_serve.tasks.loading import load_model
from hikari_serve.tasks.retriever import Retriever

REPOSITORY = Repository(Path(__file__).parents[2] / "models")


def saved_anew(picture: Image.Image) -> list[Image.Image]:
    """The picture as JPEG, and at two thirds of its size."""
    written = BytesIO()
    picture.save(written, "JPEG", quality=90)
    third = picture.width // 3, picture.height // 3
    return [Image.open(written), picture.resize((2 * third[0], 2 * third[1]))]


def test_no_two_cases_are_alike_and_most_are_to_themselves_saved_anew() -> None:
    async def distances() -> list[float]:
        model = load_model(REPOSITORY, "demo_references", 1, cores=1)
        assert isinstance(model, Retriever)
        index = model._index
        kept = model._settings.model_copy(update={"exclude_query": False})  # by pixels, too
        model._settings = kept
        assert min(index.nearest) > ALIKE  # between cases, each of which is a drawing of its own
        preprocessing = kept.preprocessing
        found = []
        for case in [each.id for each in index.cases_held][:: len(index.cases_held) // 20]:
            for picture in saved_anew(Image.open(BytesIO(index.case(case).image))):
                view = make_view(picture.convert("RGB"), preprocessing)
                item = Item(id="i", model="demo_references", view=view, deadline=time.time() + 60)
                output = (await model.infer(item)).output
                assert isinstance(output, Retrieval)
                assert output.cases[0].id == case
                found.append(1 - output.cases[0].similarity)
        await model.close()
        return found

    found = asyncio.run(distances())
    assert sum(distance < ALIKE for distance in found) > 0.8 * len(found)
